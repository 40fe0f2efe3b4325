-- REWRITES public.t: the column n comes back with a value in every row.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

CREATE SEQUENCE public.t_n_seq AS integer;

-- The data of column public.t.n does not come back.
ALTER TABLE public.t ADD COLUMN n integer DEFAULT nextval('public.t_n_seq'::regclass) NOT NULL;

ALTER SEQUENCE public.t_n_seq OWNED BY public.t.n;

ALTER SEQUENCE public.order_no OWNED BY public.t.n;
