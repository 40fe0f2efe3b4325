DROP SEQUENCE public.results_id_numbers;
