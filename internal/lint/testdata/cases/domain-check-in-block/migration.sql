DO $$ BEGIN ALTER DOMAIN positive ADD CONSTRAINT small CHECK (value < 100); END $$;
