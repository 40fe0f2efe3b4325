ALTER TABLE app."Test Runs" RENAME COLUMN environment TO env;

ALTER TABLE app."Test Runs" RENAME TO runs;
