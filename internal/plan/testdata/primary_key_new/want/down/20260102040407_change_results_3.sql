ALTER TABLE public.results DROP CONSTRAINT results_pkey;
