-- atlas:txmode none

-- The planner knows nothing about the new values yet.
ANALYZE public.t (twice);

-- The planner knows nothing about the new values yet.
ANALYZE public.t (lower);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.t (n);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.t (name);
