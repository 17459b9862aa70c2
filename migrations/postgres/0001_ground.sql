-- A CRM installation, its sign-in, its place in the changes, and who works it now.
CREATE TABLE connection (
  id TEXT PRIMARY KEY,
  crm TEXT NOT NULL,
  tokens BYTEA,
  token_version BIGINT NOT NULL DEFAULT 0,
  token_claimed_until TIMESTAMPTZ,
  organisation TEXT,
  user_id TEXT,
  fields JSONB,
  fields_at TIMESTAMPTZ,
  cursor_deals TEXT NOT NULL DEFAULT '',
  framework TEXT,
  people_at TIMESTAMPTZ,
  stages_at TIMESTAMPTZ,
  full_pull_at TIMESTAMPTZ,
  state TEXT NOT NULL DEFAULT 'ok',
  state_code TEXT,
  state_message TEXT,
  state_at TIMESTAMPTZ,
  attempt BIGINT NOT NULL DEFAULT 0,
  locked_until TIMESTAMPTZ,
  calls_today BIGINT NOT NULL DEFAULT 0,
  calls_reset_at TIMESTAMPTZ
);

-- What is due, per connection; the only retry engine.
CREATE TABLE schedule (
  connection TEXT NOT NULL REFERENCES connection (id),
  move TEXT NOT NULL,
  run_at TIMESTAMPTZ NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0,
  hints BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (connection, move)
);
CREATE INDEX schedule_due ON schedule (run_at);

CREATE TABLE person (
  connection TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  active BOOLEAN NOT NULL,
  manager TEXT,
  time_zone TEXT,
  PRIMARY KEY (connection, id)
);
CREATE INDEX person_email ON person (lower(email));
CREATE INDEX person_manager ON person (connection, manager);

CREATE TABLE stage (
  connection TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  id TEXT NOT NULL,
  pipeline_name TEXT NOT NULL,
  name TEXT NOT NULL,
  standing TEXT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (connection, pipeline, id)
);

-- A deal as last seen, where its strategy stands, and what was last written to the CRM.
CREATE TABLE deal (
  connection TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  account TEXT,
  pipeline TEXT,
  stage TEXT NOT NULL,
  amount DOUBLE PRECISION,
  currency TEXT,
  close_on DATE,
  seller TEXT,
  standing TEXT NOT NULL,
  gone_at TIMESTAMPTZ,
  merged_into TEXT,
  seen_mark TEXT NOT NULL,
  answers_mark TEXT NOT NULL,
  question_mark TEXT NOT NULL,
  seen_at TIMESTAMPTZ NOT NULL,
  version BIGINT NOT NULL DEFAULT 0,
  assessed_version BIGINT NOT NULL DEFAULT 0,
  grade TEXT,
  score BIGINT,
  weakest TEXT,
  state TEXT,
  asked_at TIMESTAMPTZ,
  asked_reason TEXT,
  look_at TIMESTAMPTZ,
  desired_mark TEXT,
  written_mark TEXT,
  written_facts TEXT,
  written_at TIMESTAMPTZ,
  write_at TIMESTAMPTZ,
  write_failures BIGINT NOT NULL DEFAULT 0,
  parked TEXT,
  carry_version BIGINT,
  conflict_version BIGINT,
  PRIMARY KEY (connection, id)
);
CREATE INDEX deal_look ON deal (connection, look_at) WHERE look_at IS NOT NULL;
CREATE INDEX deal_write ON deal (connection, write_at) WHERE write_at IS NOT NULL;
CREATE INDEX deal_unassessed ON deal (connection, id) WHERE assessed_version < version;
CREATE INDEX deal_parked ON deal (connection, id) WHERE parked IS NOT NULL;
CREATE INDEX deal_seller ON deal (connection, seller, close_on, id);
-- The board of a large team: soonest to close first, by one grade or state, largest first.
CREATE INDEX deal_close ON deal (connection, close_on, id) WHERE standing = 'open' AND gone_at IS NULL;
CREATE INDEX deal_grade ON deal (connection, grade, close_on, id) WHERE standing = 'open' AND gone_at IS NULL;
CREATE INDEX deal_state ON deal (connection, state, close_on, id) WHERE standing = 'open' AND gone_at IS NULL;
CREATE INDEX deal_amount ON deal (connection, amount DESC, id) WHERE standing = 'open' AND gone_at IS NULL;

-- What a person wrote: append-only.
CREATE TABLE strategy_version (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  version BIGINT NOT NULL,
  answers JSONB NOT NULL,
  source TEXT NOT NULL,
  author TEXT,
  at TIMESTAMPTZ NOT NULL,
  stage TEXT NOT NULL,
  amount DOUBLE PRECISION,
  close_on DATE,
  PRIMARY KEY (connection, deal, version)
);

-- What Latitude computed: can be computed again.
CREATE TABLE assessment (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  version BIGINT NOT NULL,
  framework TEXT NOT NULL,
  assessment JSONB NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, deal, version)
);

CREATE TABLE ask (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  reason TEXT NOT NULL,
  seller TEXT,
  PRIMARY KEY (connection, deal, at)
);
CREATE INDEX ask_seller ON ask (connection, seller, at);

-- Questions of managers: the coaching thread.
CREATE TABLE question (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  source TEXT NOT NULL,
  author TEXT,
  text TEXT NOT NULL,
  PRIMARY KEY (connection, deal, at)
);

-- One row per record and attempt, with the CRM's own words. No plan text.
CREATE TABLE ledger (
  connection TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  move TEXT NOT NULL,
  deal TEXT,
  attempt BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT,
  message TEXT,
  version BIGINT,
  mark TEXT
);
CREATE INDEX ledger_at ON ledger (connection, at);
CREATE INDEX ledger_deal ON ledger (connection, deal, at);

CREATE TABLE run (
  connection TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ NOT NULL,
  state TEXT NOT NULL,
  pulled BIGINT NOT NULL,
  asked BIGINT NOT NULL,
  assessed BIGINT NOT NULL,
  written BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  calls BIGINT NOT NULL,
  repaired BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (connection, started_at)
);
