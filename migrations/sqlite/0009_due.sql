-- What is due is put in order of its value from the index alone.
CREATE INDEX deal_due ON deal (connection, look_at, amount DESC, id, carry_version)
  WHERE look_at IS NOT NULL AND gone_at IS NULL;
-- What it takes over from.
DROP INDEX deal_look;

-- A deal enters the indexes of the board when it has been considered for the first time, not twice: when
-- it is first seen and again moments later, when its state is known.
DROP INDEX board_seller;
DROP INDEX board_close;
DROP INDEX board_talk;
CREATE INDEX board_seller ON deal (connection, seller, stage, grade, state, close_on, id, weakest, score, amount)
  WHERE standing = 'open' AND gone_at IS NULL AND state IS NOT NULL;
-- Of many: soonest to close first.
CREATE INDEX board_close ON deal (connection, close_on, id, seller, stage, grade, state, weakest, score, amount)
  WHERE standing = 'open' AND gone_at IS NULL AND state IS NOT NULL;
-- Where a talk would help: what is at stake times what the plan lacks, as `domain::talk::gap` has it; a test
-- holds the two together. The statement must say it in these very words.
CREATE INDEX board_talk ON deal (connection, (COALESCE(amount, 0) * CASE
    WHEN grade IS NULL OR grade = 'No strategy yet' THEN 1.0
    WHEN grade = 'Not enough yet' THEN CASE WHEN state IN ('Stage moved on', 'Past check date', 'Getting old') THEN 1.0 ELSE 0.9 END
    WHEN grade = 'Thin' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 1.0 WHEN state = 'Getting old' THEN 0.9 ELSE 0.8 END
    WHEN grade = 'Developing' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 0.75 WHEN state = 'Getting old' THEN 0.6 ELSE 0.5 END
    WHEN grade = 'Solid' THEN CASE WHEN state IN ('Stage moved on', 'Past check date') THEN 0.4 WHEN state = 'Getting old' THEN 0.25 ELSE 0.15 END
    WHEN state IN ('Stage moved on', 'Past check date') THEN 0.25 WHEN state = 'Getting old' THEN 0.1 ELSE 0.0 END) DESC,
  id, seller, close_on, amount, grade, state)
  WHERE standing = 'open' AND gone_at IS NULL AND state IS NOT NULL;
