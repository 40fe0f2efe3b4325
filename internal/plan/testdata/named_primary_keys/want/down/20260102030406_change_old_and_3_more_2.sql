-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY pk_other_new ON public.other (id);

ALTER TABLE public.other DROP CONSTRAINT "other PK", ADD CONSTRAINT pk_other PRIMARY KEY USING INDEX pk_other_new;
