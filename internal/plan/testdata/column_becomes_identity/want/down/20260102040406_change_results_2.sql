ALTER TABLE public.results ALTER COLUMN id DROP IDENTITY;

CREATE SEQUENCE public.results_id_numbers AS integer OWNED BY public.results.id;
