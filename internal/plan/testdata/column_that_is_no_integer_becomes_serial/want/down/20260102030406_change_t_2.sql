-- REWRITES public.t: the type of id changes from integer to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.t
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE text;

DROP SEQUENCE public.t_id_seq;
