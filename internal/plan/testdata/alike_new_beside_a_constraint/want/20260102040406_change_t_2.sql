-- The index is there already.
ALTER TABLE public.t ADD CONSTRAINT k_1 UNIQUE USING INDEX k_0_too;
