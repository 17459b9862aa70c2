-- The board, answered from indexes alone: everything it filters by stands in them.
-- Of a few sellers: seller by seller. Also what pictures count.
CREATE INDEX board_seller ON deal (connection, seller, stage, grade, state, close_on, id, weakest, score, amount)
  WHERE standing = 'open' AND gone_at IS NULL;
-- Of many: soonest to close first.
CREATE INDEX board_close ON deal (connection, close_on, id, seller, stage, grade, state, weakest, score, amount)
  WHERE standing = 'open' AND gone_at IS NULL;
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
  WHERE standing = 'open' AND gone_at IS NULL;

-- What these take over from.
DROP INDEX deal_close;
DROP INDEX deal_grade;
DROP INDEX deal_state;
DROP INDEX deal_amount;

-- What was published lately, whoever's it is.
CREATE INDEX strategy_version_at ON strategy_version (connection, at, deal, version);
