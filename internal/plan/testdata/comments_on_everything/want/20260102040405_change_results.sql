COMMENT ON COLUMN public.results.source IS 'where it''s from';

ALTER TABLE public.results ADD COLUMN new integer;

COMMENT ON COLUMN public.results.new IS 'new';

COMMENT ON INDEX public.ix_results_source IS E'for \\ the list';

COMMENT ON TABLE public.results IS 'a; b';
