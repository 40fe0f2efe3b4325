-- Everything goes, with all data in it. One statement, because projects and
-- dashboards refer to each other; no CASCADE, so that anything else that depends
-- on one of these tables stops it.
DROP TABLE
    public.artifacts,
    public.results,
    public.runs,
    public.import_files,
    public.imports,
    public.widget_configs,
    public.dashboards,
    public.users_projects,
    public.projects,
    public.tokens,
    public.users,
    public.groups,
    public.meta;
