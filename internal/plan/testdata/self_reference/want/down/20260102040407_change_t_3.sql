ALTER TABLE public.t
  DROP CONSTRAINT t_check,
  ADD CONSTRAINT t_check CHECK ((id <> parent)) NOT VALID;
