-- atlas:txmode none

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."B" (id);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."B" (a_id);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."B" (a_n);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."B" (other);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.a (id);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.a (n);
