-- What the last run of a connection found out about its surroundings, for those who watch.
CREATE TABLE connection_health (
  connection TEXT PRIMARY KEY,
  calls_left BIGINT,
  skew_seconds BIGINT,
  at DATETIME NOT NULL
);

-- People erased on request: no name, no id, only a mark that keeps them from being read in again.
CREATE TABLE erased (
  connection TEXT NOT NULL,
  mark TEXT NOT NULL,
  at DATETIME NOT NULL,
  PRIMARY KEY (connection, mark)
);

-- Nudges on their way: put together once, sent until the other side takes them. No word of a plan.
CREATE TABLE nudge (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  way TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  at DATETIME NOT NULL,
  run_at DATETIME NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0,
  claimed_until DATETIME,
  sent_at DATETIME,
  gave_up TEXT
);
CREATE INDEX nudge_due ON nudge (run_at) WHERE sent_at IS NULL AND gave_up IS NULL;
CREATE INDEX nudge_person ON nudge (connection, person, kind, at);

-- Why someone was nudged: each reason once, whatever happens.
CREATE TABLE nudge_reason (
  connection TEXT NOT NULL,
  person TEXT NOT NULL,
  way TEXT NOT NULL,
  reason TEXT NOT NULL,
  nudge TEXT NOT NULL,
  at DATETIME NOT NULL,
  PRIMARY KEY (connection, person, way, reason)
);

-- People who want no nudges.
CREATE TABLE nudge_off (
  connection TEXT NOT NULL,
  person TEXT NOT NULL,
  at DATETIME NOT NULL,
  PRIMARY KEY (connection, person)
);
