DROP SEQUENCE public.t_id_numbers;
