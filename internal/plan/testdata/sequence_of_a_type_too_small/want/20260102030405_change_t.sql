ALTER SEQUENCE public.t_id_seq AS bigint;
