-- alembic:revision fc3df1d9ee4e

-- The version counter of the old upgrade functions. Some databases never had it.
DROP TABLE IF EXISTS public.meta;

-- Indexes that Ibutsu's Python models cannot declare, because SQLite, on which its
-- own tests run, has neither GIN nor jsonb. Each is created only if it is missing:
-- some installations added them by hand, and the old upgrade functions built
-- ix_results_tags, ix_results_requirements and ix_runs_tags.

-- Not concurrently: the whole revision is one transaction, so it is there or it is not.
-- Writes to results, then to runs as well, wait until all of them are built.

CREATE INDEX IF NOT EXISTS ix_results_tags ON public.results USING gin ((data -> 'tags'));
CREATE INDEX IF NOT EXISTS ix_results_requirements ON public.results USING gin ((data -> 'requirements'));

CREATE INDEX IF NOT EXISTS ix_results_assignee ON public.results ((data ->> 'assignee'));
CREATE INDEX IF NOT EXISTS ix_results_classification ON public.results ((data ->> 'classification'));
CREATE INDEX IF NOT EXISTS ix_results_exception_name ON public.results ((data ->> 'exception_name'));

CREATE INDEX IF NOT EXISTS ix_results_jenkins_job_name ON public.results ((data -> 'jenkins' ->> 'job_name'));
CREATE INDEX IF NOT EXISTS ix_results_jenkins_build_number ON public.results ((data -> 'jenkins' ->> 'build_number'));

CREATE INDEX IF NOT EXISTS ix_results_component_env_project
    ON public.results (component, env, project_id, start_time DESC);
CREATE INDEX IF NOT EXISTS ix_results_component_start_time_result_project_id
    ON public.results (component, start_time, result, project_id);
CREATE INDEX IF NOT EXISTS ix_results_result_satver_project_id_run_id_snapver
    ON public.results (result, (data ->> 'SatelliteVersion'), project_id, run_id, (data ->> 'SnapVersion'));

CREATE INDEX IF NOT EXISTS ix_runs_tags ON public.runs USING gin ((data -> 'tags'));
CREATE INDEX IF NOT EXISTS ix_runs_summary ON public.runs USING gin (summary);

CREATE INDEX IF NOT EXISTS ix_runs_jenkins_job_name ON public.runs ((data -> 'jenkins' ->> 'job_name'));
CREATE INDEX IF NOT EXISTS ix_runs_jenkins_build_number ON public.runs ((data -> 'jenkins' ->> 'build_number'));
CREATE INDEX IF NOT EXISTS ix_runs_jjn_jbn
    ON public.runs ((data -> 'jenkins' ->> 'job_name'), (data -> 'jenkins' ->> 'build_number'));
