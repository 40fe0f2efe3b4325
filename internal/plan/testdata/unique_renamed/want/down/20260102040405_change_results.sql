ALTER TABLE public.results RENAME CONSTRAINT "one source" TO results_source_key;
