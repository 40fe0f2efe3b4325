DROP SEQUENCE public.results_duration_seq;
