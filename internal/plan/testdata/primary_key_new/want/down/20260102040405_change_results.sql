ALTER TABLE public.results DROP CONSTRAINT results_id_not_null;
