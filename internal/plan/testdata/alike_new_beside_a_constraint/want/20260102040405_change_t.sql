-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY k_1_too ON public.t (k);
