-- From now on nobody writes a NULL into source; what is there already is looked at later.
ALTER TABLE public.results ADD CONSTRAINT results_source_not_null CHECK (source IS NOT NULL) NOT VALID;
