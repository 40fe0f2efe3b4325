-- atlas:txmode none

-- The table is new: there is little to check. Each key locks another table, one at a time.
ALTER TABLE public.results ADD CONSTRAINT results_run FOREIGN KEY (run_id) REFERENCES public.runs(id);

-- The table is new: there is little to check. Each key locks another table, one at a time.
ALTER TABLE public.results ADD CONSTRAINT results_user FOREIGN KEY (user_id) REFERENCES public.users(id);
