-- atlas:txmode none

-- It draws from public.a_id_seq, which is dropped.
ALTER TABLE public.b ALTER COLUMN id DROP DEFAULT;

-- It draws from public.a_id_seq, which is dropped.
ALTER TABLE public.c ALTER COLUMN n DROP DEFAULT;
