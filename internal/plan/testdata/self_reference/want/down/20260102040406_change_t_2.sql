ALTER TABLE public.t DROP COLUMN double;
