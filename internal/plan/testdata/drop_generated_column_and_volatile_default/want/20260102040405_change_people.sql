-- Destroys column public."People".key with its data.
-- Destroys column public."People".note with its data.
ALTER TABLE public."People"
  DROP COLUMN key,
  DROP COLUMN note,
  DROP COLUMN shout;
