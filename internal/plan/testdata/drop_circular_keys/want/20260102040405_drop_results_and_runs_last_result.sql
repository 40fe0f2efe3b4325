-- Destroys column public.runs.last_result with its data.
ALTER TABLE public.runs
  DROP CONSTRAINT runs_last_result_fkey,
  DROP COLUMN last_result;
