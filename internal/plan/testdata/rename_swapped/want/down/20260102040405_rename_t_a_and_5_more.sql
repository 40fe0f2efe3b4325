ALTER TABLE public.t RENAME COLUMN "B" TO a_renamed_;

ALTER TABLE public.t RENAME COLUMN a TO "B";

ALTER TABLE public.t RENAME COLUMN a_renamed_ TO a;
