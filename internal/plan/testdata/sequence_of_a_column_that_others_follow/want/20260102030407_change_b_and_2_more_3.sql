-- It draws from public.b_id_seq, which is dropped.
ALTER TABLE public.d ALTER COLUMN n DROP DEFAULT;
