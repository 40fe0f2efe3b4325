-- REWRITES public."People": the column key comes back with a value in every row.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public."People": the column shout comes back with a value in every row.

-- The data of column public."People".note does not come back.
-- The data of column public."People".key does not come back.
ALTER TABLE public."People"
  ADD COLUMN shout text GENERATED ALWAYS AS (upper("Name")) STORED,
  ADD COLUMN note text DEFAULT 'x'::text,
  ADD COLUMN key uuid DEFAULT gen_random_uuid() NOT NULL;
