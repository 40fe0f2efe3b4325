ALTER SEQUENCE public.c_nr_seq RENAME TO a_id_seq;

ALTER TABLE public.c RENAME COLUMN nr TO id;

ALTER TABLE public.c RENAME TO a;
