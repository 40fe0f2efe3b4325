ALTER TABLE public.results
  DROP COLUMN made,
  DROP COLUMN flaky;
