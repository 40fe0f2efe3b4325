-- atlas:txmode none

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.a (id);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.a (code);
