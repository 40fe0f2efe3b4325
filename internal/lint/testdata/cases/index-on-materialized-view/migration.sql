CREATE INDEX n ON names (name);
