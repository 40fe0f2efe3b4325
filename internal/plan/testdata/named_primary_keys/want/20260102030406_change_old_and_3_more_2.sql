-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY "other PK_new" ON public.other (id, n);

ALTER TABLE public.other DROP CONSTRAINT pk_other, ADD CONSTRAINT "other PK" PRIMARY KEY USING INDEX "other PK_new";
