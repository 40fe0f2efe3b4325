ALTER TABLE public.results
  ADD COLUMN flaky boolean DEFAULT false NOT NULL,
  ADD COLUMN made timestamp with time zone DEFAULT now() NOT NULL;
