-- What waits for the rubric is taken seller by seller: the other strategies of each are read once.
DROP INDEX deal_unassessed;
CREATE INDEX deal_unassessed ON deal (connection, seller, id) WHERE assessed_version < version;
