-- From now on nobody writes a NULL into id; what is there already is looked at later.
ALTER TABLE public.t ADD CONSTRAINT t_id_not_null CHECK (id IS NOT NULL) NOT VALID;
