ALTER TABLE app."Test Runs" RENAME CONSTRAINT "Test Runs_pkey" TO runs_pkey;
