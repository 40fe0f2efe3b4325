ALTER TABLE public.b DROP CONSTRAINT b_owner_id;
