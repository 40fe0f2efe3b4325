-- Rename table app.runs to app."Test Runs". What runs meanwhile and uses the old name fails from now on.
ALTER TABLE app.runs RENAME TO "Test Runs";

-- Rename column app."Test Runs".env to environment. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE app."Test Runs" RENAME COLUMN env TO environment;

-- Rename sequence app.runs_id_seq to app."Test Runs_id_seq". What runs meanwhile and uses the old name fails from now on.
ALTER SEQUENCE app.runs_id_seq RENAME TO "Test Runs_id_seq";
