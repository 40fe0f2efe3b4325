ALTER TABLE public.c RENAME CONSTRAINT a_pkey TO c_pkey;
