-- atlas:txmode none

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.t (id);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.u (id);
