-- What the last run of a connection found out about its surroundings, for those who watch.
CREATE TABLE connection_health (
  connection TEXT PRIMARY KEY,
  calls_left BIGINT,
  skew_seconds BIGINT,
  at TIMESTAMPTZ NOT NULL
);

-- People erased on request: no name, no id, only a mark that keeps them from being read in again.
CREATE TABLE erased (
  connection TEXT NOT NULL,
  mark TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, mark)
);
