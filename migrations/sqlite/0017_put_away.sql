-- When the seller of a deal put away what a manager said about it: it was read, and is no news any more.
ALTER TABLE manager_word ADD COLUMN put_away_at DATETIME;
