-- What sellers said once a deal was won or lost: only added to; the newest stands. Theirs alone unless shared.
CREATE TABLE closing (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  person TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  standing TEXT NOT NULL,
  said JSONB NOT NULL,
  shared BOOLEAN NOT NULL,
  PRIMARY KEY (connection, deal, person, at)
);
