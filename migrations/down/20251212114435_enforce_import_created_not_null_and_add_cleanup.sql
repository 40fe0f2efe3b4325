-- Which rows had no time before is not known any more: they keep the one they got.
ALTER TABLE public.imports
    ALTER COLUMN created DROP NOT NULL,
    ALTER COLUMN created DROP DEFAULT;
