-- atlas:txmode none

DROP INDEX CONCURRENTLY public.a_b_c_idx1;
