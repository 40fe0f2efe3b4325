ALTER TABLE public.events DROP COLUMN token;
