-- When a panel's token ends however much it is used; one without lives as long as it was made for.
ALTER TABLE panel_token ADD COLUMN ends_at DATETIME;
