ALTER TABLE events ADD COLUMN r float DEFAULT random();
