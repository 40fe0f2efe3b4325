ALTER INDEX public.a_b_c_idx RENAME TO a_b_c_idx1;
