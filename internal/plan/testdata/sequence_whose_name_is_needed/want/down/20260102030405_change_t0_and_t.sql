ALTER SEQUENCE public.t_id_seq RENAME TO t0_id_seq;
