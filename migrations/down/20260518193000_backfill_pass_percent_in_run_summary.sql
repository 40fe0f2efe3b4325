-- atlas:txmode none

-- The values stay: Ibutsu wrote the same ones itself, and nothing tells the two apart.
DROP INDEX CONCURRENTLY IF EXISTS public.ix_runs_pass_percent;
