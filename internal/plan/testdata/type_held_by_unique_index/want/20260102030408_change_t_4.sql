-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY t_code ON public.t (code);
