ALTER TABLE public.c RENAME CONSTRAINT c_pkey TO a_pkey;
