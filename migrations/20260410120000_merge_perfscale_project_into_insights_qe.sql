-- alembic:revision e5736dbcc0b0

-- The project hcc-perfscale-cpt becomes part of insights-qe. Its own row stays, with
-- nothing in it, so that links to it still lead somewhere. Only Red Hat's own
-- installation has it: everywhere else this does nothing.
DO $$
DECLARE
    perfscale   CONSTANT uuid := 'c6fd19a7-858a-4226-8c27-d8fa7ddf6d0c';
    insights_qe CONSTANT uuid := '3915c900-85fc-1222-833c-10d51af56f2e';

    -- Ibutsu repeats a project's name in the data of its runs and results.
    named       CONSTANT jsonb := '{"project": "insights-qe"}';

    n bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM public.projects WHERE id = perfscale) THEN
        RAISE NOTICE 'no project %: nothing to merge', perfscale;
        RETURN;
    END IF;

    IF NOT EXISTS (SELECT FROM public.projects WHERE id = insights_qe) THEN
        RAISE EXCEPTION 'project % (hcc-perfscale-cpt) is to be merged into %, which does not exist', perfscale, insights_qe
            USING ERRCODE = 'foreign_key_violation',
                  HINT = 'Create the project insights-qe with that id, then apply again.';
    END IF;

    -- A JSON null, which is what the Python models write for None, counts as NULL.
    UPDATE public.runs
    SET project_id = insights_qe,
        data = coalesce(nullif(data, 'null'), '{}') || named
    WHERE project_id = perfscale;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'runs moved: %', n;

    UPDATE public.results
    SET project_id = insights_qe,
        data = coalesce(nullif(data, 'null'), '{}') || named
    WHERE project_id = perfscale;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'results moved: %', n;

    UPDATE public.dashboards SET project_id = insights_qe WHERE project_id = perfscale;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'dashboards moved: %', n;

    UPDATE public.widget_configs SET project_id = insights_qe WHERE project_id = perfscale;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'widgets moved: %', n;

    INSERT INTO public.users_projects (user_id, project_id)
    SELECT user_id, insights_qe FROM public.users_projects WHERE project_id = perfscale
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE 'users added: %', n;
END
$$;
