ALTER TABLE public.results ADD COLUMN environment character varying(100);
