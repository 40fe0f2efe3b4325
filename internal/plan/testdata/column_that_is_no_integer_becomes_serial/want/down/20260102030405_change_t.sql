ALTER TABLE public.t DROP CONSTRAINT t_id_not_null;
