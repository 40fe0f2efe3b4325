-- Rename table public.b to public.d. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.b RENAME TO d;

-- Rename sequence public.b_id_seq to public.d_id_seq. What runs meanwhile and uses the old name fails from now on.
ALTER SEQUENCE public.b_id_seq RENAME TO d_id_seq;
