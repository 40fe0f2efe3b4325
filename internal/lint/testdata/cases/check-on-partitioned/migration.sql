ALTER TABLE events ADD CHECK (kind <> '');
