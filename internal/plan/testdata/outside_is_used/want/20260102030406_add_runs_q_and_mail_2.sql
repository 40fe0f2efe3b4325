-- REWRITES public.runs: the new column q: its type is checked in every row.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, add a plain column instead,
--   ALTER TABLE public.runs ADD COLUMN q public.percent;
-- let the application or a trigger write it, and fill the old rows in batches.

ALTER TABLE public.runs ADD COLUMN q public.percent;
