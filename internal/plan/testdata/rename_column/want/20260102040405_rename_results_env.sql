-- Rename column public.results.env to environment. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE public.results RENAME COLUMN env TO environment;
