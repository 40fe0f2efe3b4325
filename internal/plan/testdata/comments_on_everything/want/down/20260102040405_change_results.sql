COMMENT ON TABLE public.results IS NULL;

COMMENT ON INDEX public.ix_results_source IS NULL;

ALTER TABLE public.results DROP COLUMN new;

COMMENT ON COLUMN public.results.source IS NULL;
