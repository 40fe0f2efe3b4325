ALTER TABLE app."Test Runs" RENAME CONSTRAINT runs_pkey TO "Test Runs_pkey";
