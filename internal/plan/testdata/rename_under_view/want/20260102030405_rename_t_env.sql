-- Rename column public.t.env to environment. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.t RENAME COLUMN env TO environment;
