ALTER TABLE public."Results" ALTER COLUMN e TYPE text;
