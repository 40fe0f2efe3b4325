-- REWRITES public.t: the new column twice: its values are computed for every row.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, add a plain column instead,
--   ALTER TABLE public.t ADD COLUMN twice integer;
-- let the application or a trigger write it, and fill the old rows in batches.

ALTER TABLE public.t ADD COLUMN twice integer GENERATED ALWAYS AS ((n * 2)) STORED;
