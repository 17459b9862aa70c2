-- Who is signed in. The cookie's value itself is nowhere: only its SHA-256 is.
CREATE TABLE session (
  mark TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  person TEXT NOT NULL,
  way TEXT NOT NULL,
  email TEXT,
  created_at DATETIME NOT NULL,
  seen_at DATETIME NOT NULL,
  ends_at DATETIME NOT NULL
);
CREATE INDEX session_person ON session (connection, person);
CREATE INDEX session_ends ON session (ends_at);

-- A sign-in under way elsewhere: used once, by the browser that began it.
CREATE TABLE sign_in (
  mark TEXT PRIMARY KEY,
  browser TEXT NOT NULL,
  sealed BLOB NOT NULL,
  ends_at DATETIME NOT NULL
);

-- Tokens for other tools; again only their SHA-256.
CREATE TABLE api_token (
  mark TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  person TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  ends_at DATETIME NOT NULL
);
CREATE INDEX api_token_person ON api_token (connection, person);

-- Who opened a seller's strategy last, for that seller to see. Not how often.
CREATE TABLE opening (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  person TEXT NOT NULL,
  at DATETIME NOT NULL,
  PRIMARY KEY (connection, deal, person)
);

-- When a manager and a seller last spoke about a deal, and how it stood then.
CREATE TABLE talk (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  person TEXT NOT NULL,
  at DATETIME NOT NULL,
  version BIGINT NOT NULL,
  stage TEXT NOT NULL,
  amount REAL,
  close_on DATE,
  grade TEXT,
  PRIMARY KEY (connection, deal, person)
);

-- What a manager promises the team before the board opens; the newest stands.
CREATE TABLE team_promise (
  connection TEXT NOT NULL,
  person TEXT NOT NULL,
  at DATETIME NOT NULL,
  answer_days BIGINT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (connection, person, at)
);

-- What a manager says about a deal besides a question: help offered, another view with its reason.
CREATE TABLE manager_word (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  at DATETIME NOT NULL,
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (connection, deal, at, person)
);
