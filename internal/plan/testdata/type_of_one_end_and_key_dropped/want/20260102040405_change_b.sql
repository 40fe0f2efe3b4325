-- Its two ends change one after the other, and PostgreSQL compares no old type with a new one.
ALTER TABLE public.b DROP CONSTRAINT b_a_id_fkey;
