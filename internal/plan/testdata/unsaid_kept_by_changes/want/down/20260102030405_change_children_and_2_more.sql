ALTER TABLE public.children DROP CONSTRAINT to_parent_new;
