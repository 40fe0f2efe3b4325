-- Rename sequence public.t_a_seq to public.t_a_seq_renamed. What runs meanwhile and uses the old name finds another sequence there and no error: stop it before.
ALTER SEQUENCE public.t_a_seq RENAME TO t_a_seq_renamed;

-- Rename sequence public.t_b_seq to public.t_a_seq. What runs meanwhile and uses the old name finds another sequence there and no error: stop it before.
ALTER SEQUENCE public.t_b_seq RENAME TO t_a_seq;

-- Rename sequence public.t_a_seq_renamed to public.t_b_seq. What runs meanwhile and uses the old name fails from now on.
ALTER SEQUENCE public.t_a_seq_renamed RENAME TO t_b_seq;
