ALTER SEQUENCE public.d_id_seq RENAME TO b_id_seq;

ALTER TABLE public.d RENAME TO b;
