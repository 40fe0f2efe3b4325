CREATE SEQUENCE public.a_table_with_a_name_of_sixty_three_bytes_which_is_cut_by_id_seq AS integer;

ALTER TABLE public.a_table_with_a_name_of_sixty_three_bytes_which_is_cut_by_suffix ALTER COLUMN id SET DEFAULT nextval('public.a_table_with_a_name_of_sixty_three_bytes_which_is_cut_by_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.a_table_with_a_name_of_sixty_three_bytes_which_is_cut_by_id_seq', number) FROM (SELECT max(id) AS number FROM public.a_table_with_a_name_of_sixty_three_bytes_which_is_cut_by_suffix) AS highest WHERE number >= 1;

ALTER SEQUENCE public.a_table_with_a_name_of_sixty_three_bytes_which_is_cut_by_id_seq OWNED BY public.a_table_with_a_name_of_sixty_three_bytes_which_is_cut_by_suffix.id;
