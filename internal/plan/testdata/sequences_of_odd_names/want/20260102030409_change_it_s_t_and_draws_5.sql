-- Destroys column "My App".draws.n with its data.
ALTER TABLE "My App".draws DROP COLUMN n;
