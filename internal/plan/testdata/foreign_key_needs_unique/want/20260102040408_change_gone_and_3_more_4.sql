-- Destroys column public."user".gone_id with its data.
ALTER TABLE public."user"
  DROP CONSTRAINT user_gone,
  DROP COLUMN gone_id;
