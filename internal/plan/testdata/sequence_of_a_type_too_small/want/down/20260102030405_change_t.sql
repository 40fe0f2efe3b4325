-- Fails if the sequence is past 2147483647.
ALTER SEQUENCE public.t_id_seq AS integer;
