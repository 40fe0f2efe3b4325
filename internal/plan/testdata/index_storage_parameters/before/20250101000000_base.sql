CREATE TABLE runs (id uuid PRIMARY KEY, summary jsonb);
CREATE INDEX ix_runs_summary ON runs (summary) WITH (fillfactor = 70);
