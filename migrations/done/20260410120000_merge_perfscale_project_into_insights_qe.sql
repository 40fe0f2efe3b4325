-- Nothing is left in hcc-perfscale-cpt, whose members are also in insights-qe.
SELECT NOT EXISTS (SELECT FROM public.runs WHERE project_id = 'c6fd19a7-858a-4226-8c27-d8fa7ddf6d0c')
   AND NOT EXISTS (SELECT FROM public.results WHERE project_id = 'c6fd19a7-858a-4226-8c27-d8fa7ddf6d0c')
   AND NOT EXISTS (SELECT FROM public.dashboards WHERE project_id = 'c6fd19a7-858a-4226-8c27-d8fa7ddf6d0c')
   AND NOT EXISTS (SELECT FROM public.widget_configs WHERE project_id = 'c6fd19a7-858a-4226-8c27-d8fa7ddf6d0c')
   AND NOT EXISTS (
       SELECT user_id FROM public.users_projects WHERE project_id = 'c6fd19a7-858a-4226-8c27-d8fa7ddf6d0c'
       EXCEPT
       SELECT user_id FROM public.users_projects WHERE project_id = '3915c900-85fc-1222-833c-10d51af56f2e'
   );
