CREATE TABLE public.t (n int NOT NULL, m int GENERATED ALWAYS AS (n * 2) STORED);
CREATE VIEW public.v AS SELECT m FROM public.t;
