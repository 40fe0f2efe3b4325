ALTER SEQUENCE public.t_id_seq AS bigint;

ALTER SEQUENCE public.t_id_seq OWNED BY NONE;
