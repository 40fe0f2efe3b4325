-- The schema file does not declare this sequence: it stays.
ALTER SEQUENCE public.p_no OWNED BY NONE;

-- The schema file does not declare this sequence: it stays.
ALTER SEQUENCE public.order_no OWNED BY NONE;

-- Destroys column public.p.n with its data.
ALTER TABLE public.p DROP COLUMN n;
