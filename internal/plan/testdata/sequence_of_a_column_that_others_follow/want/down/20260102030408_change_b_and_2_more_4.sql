CREATE SEQUENCE public.b_id_seq AS integer OWNED BY public.b.id;
