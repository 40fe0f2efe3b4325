ALTER TABLE events ALTER kind TYPE int USING kind::int;
