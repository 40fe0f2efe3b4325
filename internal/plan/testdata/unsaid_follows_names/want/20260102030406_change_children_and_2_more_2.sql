ALTER TABLE public.parents RENAME CONSTRAINT code_once TO parents_code_key;
