DROP SEQUENCE public.b_id_seq;
