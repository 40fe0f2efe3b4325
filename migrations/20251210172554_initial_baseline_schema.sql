-- alembic:revision cacecc4f1237

-- The schema as it stood when Alembic took over from Ibutsu's own upgrade
-- functions. Primary and foreign keys take PostgreSQL's default names
-- (TABLE_pkey, TABLE_COLUMN_fkey) except where a name is spelled out.

-- Who: groups, users, their tokens.

CREATE TABLE public.groups (
    id   uuid PRIMARY KEY,
    name text,
    data jsonb
);

CREATE INDEX ix_groups_name ON public.groups (name);

CREATE TABLE public.users (
    id              uuid PRIMARY KEY,
    email           text NOT NULL,
    _password       text,
    name            text,
    activation_code text,
    is_superadmin   boolean NOT NULL,
    is_active       boolean NOT NULL,
    group_id        uuid REFERENCES public.groups (id)
);

CREATE UNIQUE INDEX ix_users_email ON public.users (email);
CREATE INDEX ix_users_group_id ON public.users (group_id);

CREATE TABLE public.tokens (
    id      uuid PRIMARY KEY,
    name    text NOT NULL,
    token   text NOT NULL,
    expires timestamp,
    user_id uuid REFERENCES public.users (id)
);

CREATE INDEX ix_tokens_user_id ON public.tokens (user_id);

-- Where: projects and what they show. A project names its default dashboard and
-- a dashboard its project, so the first of these two keys has to wait for both tables.

CREATE TABLE public.projects (
    id                   uuid PRIMARY KEY,
    name                 text,
    title                text,
    owner_id             uuid REFERENCES public.users (id),
    group_id             uuid REFERENCES public.groups (id),
    default_dashboard_id uuid
);

CREATE INDEX ix_projects_name ON public.projects (name);
CREATE INDEX ix_projects_title ON public.projects (title);
CREATE INDEX ix_projects_owner_id ON public.projects (owner_id);
CREATE INDEX ix_projects_group_id ON public.projects (group_id);

CREATE TABLE public.users_projects (
    user_id    uuid REFERENCES public.users (id),
    project_id uuid REFERENCES public.projects (id),
    PRIMARY KEY (user_id, project_id)
);

CREATE TABLE public.dashboards (
    id          uuid PRIMARY KEY,
    title       text,
    description text,
    filters     text,
    project_id  uuid CONSTRAINT fk_dashboards_project_id REFERENCES public.projects (id),
    user_id     uuid REFERENCES public.users (id)
);

CREATE INDEX ix_dashboards_title ON public.dashboards (title);
CREATE INDEX ix_dashboards_project_id ON public.dashboards (project_id);
CREATE INDEX ix_dashboards_user_id ON public.dashboards (user_id);

ALTER TABLE public.projects
    ADD CONSTRAINT fk_project_default_dashboard
    FOREIGN KEY (default_dashboard_id) REFERENCES public.dashboards (id);

CREATE TABLE public.widget_configs (
    id           uuid PRIMARY KEY,
    project_id   uuid REFERENCES public.projects (id),
    dashboard_id uuid REFERENCES public.dashboards (id),
    title        text,
    type         text,
    weight       integer,
    widget       text,
    params       jsonb,
    navigable    boolean
);

CREATE INDEX ix_widget_configs_title ON public.widget_configs (title);
CREATE INDEX ix_widget_configs_type ON public.widget_configs (type);
CREATE INDEX ix_widget_configs_weight ON public.widget_configs (weight);
CREATE INDEX ix_widget_configs_widget ON public.widget_configs (widget);
CREATE INDEX ix_widget_configs_navigable ON public.widget_configs (navigable);
CREATE INDEX ix_widget_configs_project_id ON public.widget_configs (project_id);
CREATE INDEX ix_widget_configs_dashboard_id ON public.widget_configs (dashboard_id);

-- What: test runs, their results, and files that belong to either.

CREATE TABLE public.runs (
    id         uuid PRIMARY KEY,
    project_id uuid REFERENCES public.projects (id),
    data       jsonb,
    env        text,
    component  text,
    source     text,
    start_time timestamp NOT NULL,
    duration   double precision,
    summary    jsonb,
    created    timestamp NOT NULL
);

CREATE INDEX ix_runs_project_id ON public.runs (project_id);
CREATE INDEX ix_runs_env ON public.runs (env);
CREATE INDEX ix_runs_component ON public.runs (component);
CREATE INDEX ix_runs_source ON public.runs (source);
CREATE INDEX ix_runs_start_time ON public.runs (start_time);
CREATE INDEX ix_runs_duration ON public.runs (duration);
CREATE INDEX ix_runs_created ON public.runs (created);

CREATE TABLE public.results (
    id         uuid PRIMARY KEY,
    project_id uuid REFERENCES public.projects (id),
    run_id     uuid REFERENCES public.runs (id),
    test_id    text,
    result     text,
    data       jsonb,
    params     jsonb,
    duration   double precision,
    start_time timestamp NOT NULL,
    source     text,
    env        text,
    component  text
);

CREATE INDEX ix_results_project_id ON public.results (project_id);
CREATE INDEX ix_results_run_id ON public.results (run_id);
CREATE INDEX ix_results_test_id ON public.results (test_id);
CREATE INDEX ix_results_result ON public.results (result);
CREATE INDEX ix_results_env ON public.results (env);
CREATE INDEX ix_results_component ON public.results (component);
CREATE INDEX ix_results_source ON public.results (source);
CREATE INDEX ix_results_start_time ON public.results (start_time);
CREATE INDEX ix_results_duration ON public.results (duration);

CREATE TABLE public.artifacts (
    id          uuid PRIMARY KEY,
    content     bytea,
    result_id   uuid REFERENCES public.results (id),
    run_id      uuid REFERENCES public.runs (id),
    filename    text,
    data        jsonb,
    upload_date timestamp NOT NULL
);

CREATE INDEX ix_artifacts_result_id ON public.artifacts (result_id);
CREATE INDEX ix_artifacts_run_id ON public.artifacts (run_id);
CREATE INDEX ix_artifacts_filename ON public.artifacts (filename);
CREATE INDEX ix_artifacts_upload_date ON public.artifacts (upload_date);

-- How it got in: uploaded archives and what became of them.

CREATE TABLE public.imports (
    id       uuid PRIMARY KEY,
    filename text,
    format   text,
    data     jsonb,
    status   text,
    created  timestamp
);

CREATE INDEX ix_imports_filename ON public.imports (filename);
CREATE INDEX ix_imports_format ON public.imports (format);
CREATE INDEX ix_imports_status ON public.imports (status);
CREATE INDEX ix_imports_created ON public.imports (created);

CREATE TABLE public.import_files (
    id        uuid PRIMARY KEY,
    import_id uuid NOT NULL REFERENCES public.imports (id),
    content   bytea
);

CREATE INDEX ix_import_files_import_id ON public.import_files (import_id);

-- The number of the last upgrade function that ran. Alembic has no use for it.

CREATE TABLE public.meta (
    key   text PRIMARY KEY,
    value text
);

CREATE INDEX ix_meta_key ON public.meta (key);
