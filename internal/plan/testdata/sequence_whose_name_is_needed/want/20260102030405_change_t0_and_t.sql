-- The schema file needs the name for another column.
ALTER SEQUENCE public.t0_id_seq RENAME TO t_id_seq;
