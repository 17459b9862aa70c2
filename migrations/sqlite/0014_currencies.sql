-- Where a talk would help: in order within each currency, since amounts of two are not compared.
DROP INDEX board_talk;
CREATE INDEX board_talk ON deal (connection, currency, (COALESCE(amount, 0) * CASE
    WHEN grade IS NULL OR grade = 'No strategy yet' THEN 1.0
    WHEN grade = 'Not enough yet' THEN CASE WHEN state IN ('Stage moved on', 'Past check date', 'Getting old') THEN 1.0 ELSE 0.9 END
    WHEN grade = 'Thin' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 1.0 WHEN state = 'Getting old' THEN 0.9 ELSE 0.8 END
    WHEN grade = 'Developing' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 0.75 WHEN state = 'Getting old' THEN 0.6 ELSE 0.5 END
    WHEN grade = 'Solid' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 0.4 WHEN state = 'Getting old' THEN 0.25 ELSE 0.15 END
    WHEN state IN ('Stage moved on', 'Past check date') THEN 0.25 WHEN state = 'Getting old' THEN 0.1 ELSE 0.0 END) DESC,
  id, seller, close_on, amount, grade, state, standing, gone_at)
  WHERE standing = 'open' AND gone_at IS NULL AND state IS NOT NULL;
DROP INDEX board_seller;
CREATE INDEX board_seller ON deal (connection, seller, stage, grade, state, close_on, id, weakest, score, amount, currency, standing, gone_at)
  WHERE standing = 'open' AND gone_at IS NULL AND state IS NOT NULL;
