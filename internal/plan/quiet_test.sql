CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'it''s ours';
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'Happy');
COMMENT ON TYPE mood IS 'how it went';
CREATE TYPE app."Odd Mood" AS ENUM ('a');
CREATE COLLATION app.german (locale = 'C');

CREATE TABLE projects (
  id uuid NOT NULL,
  name varchar(100) NOT NULL,
  code char(8),
  any_text varchar,
  one char,
  bits bit(3),
  more_bits bit varying(5),
  mail text COLLATE "C",
  umlauts text COLLATE app.german NOT NULL DEFAULT 'ü',
  n2 smallint, n4 int DEFAULT -1, n8 int8 DEFAULT (2 + 3),
  price decimal(10, 2) DEFAULT 0.50, plain_number numeric, whole numeric(5),
  f4 real DEFAULT 1.5, f8 double precision DEFAULT '1e10', f float(3), money money,
  yes boolean DEFAULT true, no bool DEFAULT 'f',
  at timestamptz DEFAULT now(), at3 timestamptz(3) DEFAULT CURRENT_TIMESTAMP, plain timestamp, plain0 timestamp(0) DEFAULT LOCALTIMESTAMP(0),
  t time, t2 timetz(2), d date DEFAULT CURRENT_DATE, i interval, i3 interval(3), iy interval year to month DEFAULT '1 year',
  data jsonb NOT NULL DEFAULT '{}', j json DEFAULT '{"a": [1]}', x xml, b bytea DEFAULT '\xdead',
  tags text[] DEFAULT '{}', grid int[][], names varchar(10)[] DEFAULT ARRAY['a'::varchar],
  ip inet DEFAULT '127.0.0.1', net cidr, mac macaddr, mac8 macaddr8,
  p point, pg polygon, c circle, ln line, bx box,
  ts tsvector, tq tsquery, r int4range DEFAULT '[1,2)', tr tstzrange, oid_ oid, reg regclass,
  m mood DEFAULT 'it''s ok', ms mood[] DEFAULT '{sad}', om app."Odd Mood",
  sum int GENERATED ALWAYS AS (n4 * 2 + n2) STORED,
  low text GENERATED ALWAYS AS (lower(name::text)) STORED,
  rand double precision DEFAULT random(), gen uuid DEFAULT gen_random_uuid(), who name DEFAULT CURRENT_USER,
  CONSTRAINT projects_pk PRIMARY KEY (id),
  CONSTRAINT projects_name_key UNIQUE (name),
  CONSTRAINT projects_later UNIQUE (code, n2) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT positive CHECK (n2 > 0 AND n4 BETWEEN 1 AND 10),
  CONSTRAINT in_list CHECK (code IN ('a', 'b') OR code LIKE '%x'),
  CONSTRAINT own CHECK (n8 > 0) NO INHERIT
);
ALTER TABLE projects ADD CONSTRAINT later CHECK (f8 > 0);
COMMENT ON TABLE projects IS E'two\nlines';
COMMENT ON COLUMN projects.name IS 'the "name" \ of it';
COMMENT ON CONSTRAINT positive ON projects IS 'not zero';
COMMENT ON CONSTRAINT projects_name_key ON projects IS 'once';
COMMENT ON INDEX projects_name_key IS 'the index of it';
ALTER TABLE projects SET (fillfactor = 80, autovacuum_enabled = false, toast.autovacuum_enabled = false);
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects FORCE ROW LEVEL SECURITY;
CREATE POLICY all_of_it ON projects USING (true);
ALTER TABLE projects ALTER data SET STORAGE EXTERNAL, ALTER data SET STATISTICS 500, ALTER name SET (n_distinct = 5);
ALTER TABLE projects ALTER j SET COMPRESSION pglz;

CREATE INDEX by_mail ON projects (mail COLLATE "POSIX", name DESC, n2 DESC NULLS LAST, n4 NULLS FIRST);
CREATE INDEX by_data ON projects USING gin (data jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX by_short ON projects ((data ->> 'x'), lower(name));
CREATE INDEX by_name ON projects (name varchar_pattern_ops) INCLUDE (n2, n4) WITH (fillfactor = 70) WHERE n2 > 0 AND m = 'sad';
CREATE UNIQUE INDEX only_one ON projects (yes) WHERE yes;
CREATE INDEX by_at ON projects USING brin (at) WITH (pages_per_range = 64, autosummarize = on);
CREATE INDEX by_hash ON projects USING hash (ip);
CREATE INDEX by_p ON projects USING gist (p, c);
CREATE INDEX by_spgist ON projects USING spgist (ip inet_ops);
CREATE INDEX by_ts ON projects USING gist (ts tsvector_ops (siglen = 100));
CREATE UNIQUE INDEX no_nulls ON projects (n8) NULLS NOT DISTINCT;
CREATE INDEX stats ON projects ((n2 + n4));
ALTER INDEX stats ALTER COLUMN 1 SET STATISTICS 300;
COMMENT ON INDEX by_mail IS 'for the mail';
CREATE STATISTICS two ON n2, n4 FROM projects;
ALTER TABLE projects CLUSTER ON projects_name_key;
ALTER TABLE projects REPLICA IDENTITY FULL;

CREATE TABLE app."Runs" (
  id serial PRIMARY KEY,
  big bigserial,
  small smallserial,
  "Project" uuid REFERENCES projects ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE,
  parent int REFERENCES app."Runs" (id),
  a int, b int,
  CONSTRAINT "both" UNIQUE (a, b) INCLUDE (big),
  CONSTRAINT one_null UNIQUE NULLS NOT DISTINCT (small),
  CONSTRAINT to_both FOREIGN KEY (a, b) REFERENCES app."Runs" (a, b) MATCH FULL,
  CONSTRAINT set_one FOREIGN KEY (a, b) REFERENCES app."Runs" (a, b) ON DELETE SET NULL (b),
  CONSTRAINT late FOREIGN KEY (parent) REFERENCES app."Runs" (id) INITIALLY DEFERRED
);
ALTER TABLE app."Runs" ADD CONSTRAINT unchecked FOREIGN KEY (parent) REFERENCES app."Runs" (id);
ALTER TABLE app."Runs" REPLICA IDENTITY USING INDEX "Runs_pkey";
ALTER SEQUENCE app."Runs_id_seq" RENAME TO other_name;
ALTER SEQUENCE app.other_name INCREMENT BY 5 CACHE 10;
ALTER SEQUENCE app."Runs_big_seq" AS int;
COMMENT ON SEQUENCE app.other_name IS 'numbers';
CREATE SEQUENCE app.own;
CREATE TABLE numbers (
  always bigint GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 2 CACHE 5 MAXVALUE 1000),
  bydef int GENERATED BY DEFAULT AS IDENTITY,
  small smallint GENERATED ALWAYS AS IDENTITY (MINVALUE 5 CYCLE),
  from_own bigint DEFAULT nextval('app.own'),
  old_style int NOT NULL
);
CREATE SEQUENCE old_style_seq OWNED BY numbers.old_style;
ALTER TABLE numbers ALTER old_style SET DEFAULT nextval('old_style_seq');

CREATE UNLOGGED TABLE scratch (k text PRIMARY KEY, during tsrange, room int,
  CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE (room > 0) DEFERRABLE,
  EXCLUDE USING btree (room WITH =));
COMMENT ON CONSTRAINT no_overlap ON scratch IS 'one at a time';

CREATE TABLE logs (at date NOT NULL, level text, n int, PRIMARY KEY (at, level)) PARTITION BY RANGE (at);
CREATE INDEX logs_level ON logs (level);
CREATE TABLE logs_2025 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE logs_rest PARTITION OF logs DEFAULT PARTITION BY LIST (level);
CREATE TABLE logs_rest_a PARTITION OF logs_rest FOR VALUES IN ('a');
CREATE TABLE by_expr (a int, b text) PARTITION BY HASH (a, lower(b));
CREATE TABLE by_list (a int, b mood) PARTITION BY LIST (b);
CREATE TABLE parent (id int, name text CHECK (name <> ''));
CREATE TABLE child (more int) INHERITS (parent);
CREATE INDEX ON child (more);
CREATE TABLE "Mixed Case" ("Column One" text DEFAULT 'Y', "select" int, "a.b" int, "ünï" int);
CREATE INDEX "Odd Index" ON "Mixed Case" ("Column One", "a.b", ("select" + "ünï"));

CREATE VIEW good AS SELECT id, name FROM projects WHERE yes;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM projects;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION touch();
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE uses_outside (p percent DEFAULT 5, n int DEFAULT one());

-- Foreign keys to partitioned tables have copies for each partition.
CREATE TABLE parts (id int NOT NULL, at date NOT NULL, up int, PRIMARY KEY (id, at), CONSTRAINT parts_up FOREIGN KEY (up, at) REFERENCES parts) PARTITION BY RANGE (at);
CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE "parts of 2026" PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (id);
CREATE TABLE parts_2026_1 PARTITION OF "parts of 2026" FOR VALUES IN (1);
CREATE TABLE uses_parts (id int, at date, CONSTRAINT uses_parts_fk FOREIGN KEY (id, at) REFERENCES parts);
CREATE TABLE uses_a_part (id int, at date, "a ) REFERENCES (" int, CONSTRAINT "its key" FOREIGN KEY (id, at) REFERENCES "parts of 2026",
  FOREIGN KEY ("a ) REFERENCES (", at) REFERENCES parts_2025 ON DELETE CASCADE DEFERRABLE);
COMMENT ON CONSTRAINT "its key" ON uses_a_part IS 'a part';
CREATE TABLE inherited (id int NOT NULL);
CREATE TABLE inheriting (PRIMARY KEY (id)) INHERITS (inherited);
CREATE TYPE typed_pair AS (id int, n int);
CREATE TABLE typed_pairs OF typed_pair (PRIMARY KEY (id));
CREATE TABLE uses_others (id int REFERENCES inheriting, other int REFERENCES typed_pairs);
