-- Rename table app.runs to app."Test Runs". What runs meanwhile and uses the old name fails from now on.
ALTER TABLE app.runs RENAME TO "Test Runs";

-- Rename column app."Test Runs".env to environment. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE app."Test Runs" RENAME COLUMN env TO environment;
