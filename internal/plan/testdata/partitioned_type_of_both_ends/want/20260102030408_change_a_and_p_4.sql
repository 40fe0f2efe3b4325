-- atlas:txmode none

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.a (id);

-- The planner knows nothing about the new values yet.
ANALYZE public.p (m);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.p (a_id);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.p (n);
