-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_runs_pass_percent ON public.runs ((((summary ->> 'pass_percent'::text))::integer));

CREATE INDEX CONCURRENTLY ix_runs_summary ON public.runs USING gin (summary) WHERE (summary IS NOT NULL);

-- The planner knows nothing about an expression's values yet.
ANALYZE public.runs;
