ALTER TABLE public.d RENAME CONSTRAINT b_pkey TO d_pkey;
