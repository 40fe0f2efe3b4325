ALTER TABLE public.children RENAME CONSTRAINT children_parent_fkey TO to_parent;
