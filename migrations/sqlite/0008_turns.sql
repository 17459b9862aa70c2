-- A reconcile reads everything in many turns: when it began, and where it goes on. None under way
-- where it has no beginning.
ALTER TABLE connection ADD COLUMN reconcile_began DATETIME;
ALTER TABLE connection ADD COLUMN reconcile_place TEXT NOT NULL DEFAULT '';

-- Published words on their way to the CRM go before everything else; there are never many.
CREATE INDEX deal_carry ON deal (connection, id) WHERE carry_version IS NOT NULL;
