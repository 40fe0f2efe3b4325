-- The new one is valid: it takes the place of the old one.
ALTER TABLE public.children DROP CONSTRAINT to_parent;

ALTER TABLE public.children RENAME CONSTRAINT to_parent_new TO to_parent;
