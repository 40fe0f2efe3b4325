-- Rename table public.t0 to public.t. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.t0 RENAME TO t;
