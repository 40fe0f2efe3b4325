-- The data of column public.p.n does not come back.
ALTER TABLE public.p ADD COLUMN n integer;

ALTER SEQUENCE public.p_no OWNED BY public.p.n;

ALTER SEQUENCE public.order_no OWNED BY public.p1.n;
