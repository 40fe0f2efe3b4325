-- The data of column public.results.source does not come back.
-- Column public.results.source had no NULLs and no default: this fails if the table has rows by then.
ALTER TABLE public.results ADD COLUMN source text NOT NULL;
