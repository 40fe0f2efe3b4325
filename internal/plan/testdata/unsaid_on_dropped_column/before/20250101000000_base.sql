CREATE TABLE rooms (room int, during tsrange, note text,
  CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE (room > 0) DEFERRABLE);
CREATE TABLE parents (id int PRIMARY KEY, code int CONSTRAINT code_once UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE children (id int, parent int CONSTRAINT to_parent REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX ix_note ON rooms (note) WITH (fillfactor = 70);
ALTER TABLE rooms SET (autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE rooms ALTER note SET STORAGE EXTERNAL;
