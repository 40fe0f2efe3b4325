-- atlas:txmode none

-- The data of column public.results.duration does not come back.
ALTER TABLE public.results ADD COLUMN duration integer;

ALTER TABLE public.results RENAME CONSTRAINT "both" TO both_new;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT "both" CHECK (((source <> ''::text) OR (duration > 0))) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against "both".
ALTER TABLE public.results VALIDATE CONSTRAINT "both";
