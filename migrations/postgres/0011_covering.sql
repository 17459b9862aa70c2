-- How deals ended is counted from the index alone.
CREATE INDEX deal_ended ON deal (connection, seller, standing, id, version, gone_at)
  WHERE standing <> 'open';
