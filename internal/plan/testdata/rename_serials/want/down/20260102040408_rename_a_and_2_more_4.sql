ALTER TABLE public.d RENAME CONSTRAINT d_pkey TO b_pkey;
