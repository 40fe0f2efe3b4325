-- What is computed is no loss: PostgreSQL changes no type that a generated column reads.
ALTER TABLE public.t
  DROP COLUMN m,
  ALTER COLUMN n TYPE character varying(20);
