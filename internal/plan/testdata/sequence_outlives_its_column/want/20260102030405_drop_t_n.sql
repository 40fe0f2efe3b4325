-- The schema file does not declare this sequence: it stays.
ALTER SEQUENCE public.order_no OWNED BY NONE;

-- Destroys column public.t.n with its data.
ALTER TABLE public.t DROP COLUMN n;
