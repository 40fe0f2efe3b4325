ALTER TABLE public.t ALTER COLUMN n DROP DEFAULT;

-- Fails if the sequence is past 2147483647.
ALTER SEQUENCE public.t_n_seq AS integer;
