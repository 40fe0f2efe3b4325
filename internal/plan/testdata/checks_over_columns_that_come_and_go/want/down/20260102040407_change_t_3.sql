-- atlas:txmode none

-- The data of column public.t.b does not come back.
-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.t
  ADD COLUMN b integer,
  ADD CONSTRAINT two CHECK ((b > c)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against two.
ALTER TABLE public.t VALIDATE CONSTRAINT two;

ALTER TABLE public.t RENAME CONSTRAINT one TO one_new;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.t ADD CONSTRAINT one CHECK ((a > b)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against one.
ALTER TABLE public.t VALIDATE CONSTRAINT one;
