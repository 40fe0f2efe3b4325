-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY b_owner_id ON public.b (owner, id);

ALTER TABLE public.b ADD CONSTRAINT b_owner_id UNIQUE USING INDEX b_owner_id;
