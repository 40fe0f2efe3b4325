-- Rename table public.t to public.u. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.t RENAME TO u;

-- Rename column public.u.a to x. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.u RENAME COLUMN a TO x;
