ALTER TABLE public.t DROP COLUMN twice;
