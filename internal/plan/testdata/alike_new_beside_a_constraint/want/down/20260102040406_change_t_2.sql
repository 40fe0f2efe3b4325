-- atlas:txmode none

-- A constraint takes its index along: another like it is built first.
CREATE UNIQUE INDEX CONCURRENTLY k_0_too_new ON public.t (k);

ALTER TABLE public.t DROP CONSTRAINT k_1;

ALTER INDEX public.k_0_too_new RENAME TO k_0_too;
