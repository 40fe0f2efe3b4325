ALTER INDEX public.a_b_c_idx1 RENAME TO a_b_c_idx;
