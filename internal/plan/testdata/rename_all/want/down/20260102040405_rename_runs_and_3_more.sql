ALTER SEQUENCE app."Test Runs_id_seq" RENAME TO runs_id_seq;

ALTER TABLE app."Test Runs" RENAME COLUMN environment TO env;

ALTER TABLE app."Test Runs" RENAME TO runs;
