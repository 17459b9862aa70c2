-- The first and the last time since the last reconcile that a connection was taken over from a
-- process that had not let it go. What that process had put on the network may have arrived late.
ALTER TABLE connection ADD COLUMN overtaken_from DATETIME;
ALTER TABLE connection ADD COLUMN overtaken_to DATETIME;
