-- The asks of the last days, of a connection that has had years of them.
CREATE INDEX ask_at ON ask (connection, at);
-- Strategies past their own check date: looked for every minute, and there are never many.
CREATE INDEX deal_past_check ON deal (connection, id, seller, version, standing, gone_at, state)
  WHERE standing = 'open' AND gone_at IS NULL AND state = 'Past check date';
-- When a move last ended: pushes that come one after the other do not make one pull after the other.
ALTER TABLE schedule ADD COLUMN ended_at DATETIME;
