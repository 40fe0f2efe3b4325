-- Adds a column that is there.
ALTER TABLE runs
  ADD COLUMN summary text;
