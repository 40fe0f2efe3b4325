ALTER SEQUENCE public.t_b_seq RENAME TO t_a_seq_renamed;

ALTER SEQUENCE public.t_a_seq RENAME TO t_b_seq;

ALTER SEQUENCE public.t_a_seq_renamed RENAME TO t_a_seq;
