-- Rename table public.a to public.c. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.a RENAME TO c;

-- Rename column public.c.id to nr. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.c RENAME COLUMN id TO nr;

-- Rename sequence public.a_id_seq to public.c_nr_seq. What runs meanwhile and uses the old name fails from now on.
ALTER SEQUENCE public.a_id_seq RENAME TO c_nr_seq;
