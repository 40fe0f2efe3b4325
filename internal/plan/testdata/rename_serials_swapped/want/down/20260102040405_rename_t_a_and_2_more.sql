ALTER TABLE public.t RENAME COLUMN b TO a_renamed;

ALTER TABLE public.t RENAME COLUMN a TO b;

ALTER TABLE public.t RENAME COLUMN a_renamed TO a;
