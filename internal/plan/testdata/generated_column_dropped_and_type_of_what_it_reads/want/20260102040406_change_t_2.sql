-- What is computed is no loss: PostgreSQL can only make the column anew.
ALTER TABLE public.t
  DROP COLUMN m,
  ALTER COLUMN n TYPE character varying(20);
