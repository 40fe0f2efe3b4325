-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.t
  DROP COLUMN m,
  ALTER COLUMN n TYPE character varying(20);
