-- REWRITES public.t: the type of n changes from integer to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public.t: the type of j changes from jsonb to text, which writes every row and every index anew.
-- REWRITES public.t: the type of at changes from timestamp with time zone to text, which writes every row and every index anew.

ALTER TABLE public.t
  ALTER COLUMN at TYPE text,
  ALTER COLUMN j TYPE text,
  ALTER COLUMN n DROP DEFAULT,
  ALTER COLUMN n TYPE text,
  ALTER COLUMN n SET DEFAULT '1'::text;
