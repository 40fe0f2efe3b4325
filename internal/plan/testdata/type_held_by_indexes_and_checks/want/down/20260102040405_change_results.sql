-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_a ON public."Results" USING gin (a);

CREATE INDEX CONCURRENTLY "Ix c" ON public."Results" USING gin (c jsonb_path_ops);

COMMENT ON INDEX public."Ix c" IS 'it''s';

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY d_key ON public."Results" (d);

ALTER TABLE public."Results" ADD CONSTRAINT d_key UNIQUE USING INDEX d_key;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."Results" ADD CONSTRAINT b_is_small CHECK (((b -> 'x'::text) IS NULL)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against b_is_small.
ALTER TABLE public."Results" VALIDATE CONSTRAINT b_is_small;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."Results" ADD CONSTRAINT b_is_number CHECK ((jsonb_typeof(b) = 'number'::text)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against b_is_number.
ALTER TABLE public."Results" VALIDATE CONSTRAINT b_is_number;
