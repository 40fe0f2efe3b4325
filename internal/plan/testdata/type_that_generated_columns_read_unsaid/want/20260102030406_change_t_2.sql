-- atlas:txmode none

-- The planner knows nothing about the new values yet.
ANALYZE public.t (m);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.t (n);
