-- All fifteen, those that the database had before included: which ones those were
-- is not known any more, and the revision before knows none of them.
DROP INDEX
    public.ix_runs_tags,
    public.ix_runs_summary,
    public.ix_runs_jenkins_job_name,
    public.ix_runs_jenkins_build_number,
    public.ix_runs_jjn_jbn;

DROP INDEX
    public.ix_results_tags,
    public.ix_results_requirements,
    public.ix_results_assignee,
    public.ix_results_classification,
    public.ix_results_exception_name,
    public.ix_results_jenkins_job_name,
    public.ix_results_jenkins_build_number,
    public.ix_results_component_env_project,
    public.ix_results_component_start_time_result_project_id,
    public.ix_results_result_satver_project_id_run_id_snapver;

-- The table comes back; the row that was in it does not.
CREATE TABLE public.meta (
    key   text PRIMARY KEY,
    value text
);

CREATE INDEX ix_meta_key ON public.meta (key);
