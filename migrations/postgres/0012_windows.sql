-- The window of the browser in which a draft was typed.
ALTER TABLE draft ADD COLUMN browser_window TEXT;

-- What a seller kept in one window while another went on or published: for the seller alone.
CREATE TABLE set_aside (
  connection TEXT NOT NULL,
  deal TEXT NOT NULL,
  person TEXT NOT NULL,
  browser_window TEXT NOT NULL,
  answers JSONB NOT NULL,
  confidence BIGINT,
  base_version BIGINT NOT NULL,
  saved_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (connection, deal, person, browser_window)
);
