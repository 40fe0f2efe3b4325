-- atlas:txmode none

CREATE INDEX CONCURRENTLY a_b_c_idx1 ON public.a_b (c);
