ALTER TABLE public.children RENAME CONSTRAINT to_parent TO children_parent_fkey;
