-- Where the CRM's own pages begin, so that ours can link back to a deal there.
ALTER TABLE connection ADD COLUMN pages TEXT;
