-- What a seller is typing: private, one per deal and person, gone once published.
CREATE TABLE draft (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  person TEXT NOT NULL,
  answers JSONB NOT NULL,
  confidence BIGINT,
  base_version BIGINT NOT NULL,
  saved_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, deal, person)
);

-- How likely the seller thought it was, at each version: for the seller alone.
CREATE TABLE confidence (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  version BIGINT NOT NULL,
  person TEXT NOT NULL,
  percent BIGINT NOT NULL,
  PRIMARY KEY (connection, deal, version)
);

-- Coaching notes that the seller said do not apply, per deal and stage.
CREATE TABLE dismissed_note (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  stage TEXT NOT NULL,
  note TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, deal, stage, note)
);

CREATE TABLE week (
  connection TEXT NOT NULL,
  person TEXT NOT NULL,
  monday DATE NOT NULL,
  plan JSONB NOT NULL,
  saved_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, person, monday)
);

-- What stands in a seller's way, and where it stands itself.
CREATE TABLE obstacle (
  connection TEXT NOT NULL,
  id TEXT NOT NULL,
  deal TEXT,
  seller TEXT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  chosen BIGINT,
  round BIGINT NOT NULL DEFAULT 0,
  ground TEXT,
  promised DATE,
  outcome TEXT,
  helped BOOLEAN,
  lesson TEXT,
  revision BIGINT NOT NULL DEFAULT 0,
  began_at TIMESTAMPTZ NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, id)
);
CREATE INDEX obstacle_seller ON obstacle (connection, seller, changed_at);
CREATE INDEX obstacle_deal ON obstacle (connection, deal) WHERE deal IS NOT NULL;
CREATE INDEX obstacle_library ON obstacle (connection, changed_at) WHERE outcome = 'worked_around';

CREATE TABLE option (
  connection TEXT NOT NULL,
  obstacle TEXT NOT NULL,
  position BIGINT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (connection, obstacle, position)
);

-- What was needed, each time the obstacle was sent up.
CREATE TABLE need (
  connection TEXT NOT NULL,
  obstacle TEXT NOT NULL,
  round BIGINT NOT NULL,
  ground TEXT NOT NULL,
  what TEXT NOT NULL,
  whom TEXT NOT NULL,
  by_day DATE NOT NULL,
  gap BOOLEAN NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, obstacle, round)
);

-- Whose turn it is to answer, and when the promised time is half over, over, and well over.
CREATE TABLE turn (
  connection TEXT NOT NULL,
  obstacle TEXT NOT NULL,
  round BIGINT NOT NULL,
  position BIGINT NOT NULL,
  level TEXT NOT NULL,
  responder TEXT,
  started_at TIMESTAMPTZ NOT NULL,
  owed_minutes BIGINT NOT NULL,
  paused_at TIMESTAMPTZ,
  resumed_at TIMESTAMPTZ,
  half_at TIMESTAMPTZ,
  due_at TIMESTAMPTZ,
  late_at TIMESTAMPTZ,
  ended_at TIMESTAMPTZ,
  ended TEXT,
  PRIMARY KEY (connection, obstacle, round, position)
);
CREATE INDEX turn_responder ON turn (connection, responder, due_at) WHERE ended_at IS NULL;
CREATE INDEX turn_level ON turn (connection, level, due_at) WHERE ended_at IS NULL;

-- Everything said about a need, by either side; append-only.
CREATE TABLE answer (
  connection TEXT NOT NULL,
  obstacle TEXT NOT NULL,
  round BIGINT NOT NULL,
  turn BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  more TEXT NOT NULL,
  until DATE,
  PRIMARY KEY (connection, obstacle, round, turn, at, kind)
);

-- What was promised with an answer, and whether it happened.
CREATE TABLE promise (
  connection TEXT NOT NULL,
  obstacle TEXT NOT NULL,
  round BIGINT NOT NULL,
  person TEXT NOT NULL,
  level TEXT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  until DATE NOT NULL,
  ends_at TIMESTAMPTZ NOT NULL,
  kept_at TIMESTAMPTZ,
  PRIMARY KEY (connection, obstacle, round)
);
CREATE INDEX promise_level ON promise (connection, level);

-- Signed embeds that were used, until they lapse by themselves.
CREATE TABLE embed_nonce (
  connection TEXT NOT NULL,
  nonce TEXT NOT NULL,
  until TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, nonce)
);

-- Our own tokens for panels inside a CRM's page: only their hash, for one person and one deal.
CREATE TABLE panel_token (
  hash TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  person TEXT NOT NULL,
  deal TEXT NOT NULL,
  until TIMESTAMPTZ NOT NULL
);
