ALTER TABLE public.t ALTER COLUMN id DROP IDENTITY;

CREATE SEQUENCE public.t_id_numbers AS bigint OWNED BY public.t.id;
