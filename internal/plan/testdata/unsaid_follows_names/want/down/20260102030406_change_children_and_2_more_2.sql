ALTER TABLE public.parents RENAME CONSTRAINT parents_code_key TO code_once;
