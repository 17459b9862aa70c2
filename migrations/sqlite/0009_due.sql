-- What is due is put in order of its value from the index alone.
CREATE INDEX deal_due ON deal (connection, look_at, amount DESC, id, carry_version)
  WHERE look_at IS NOT NULL AND gone_at IS NULL;
-- What it takes over from.
DROP INDEX deal_look;
