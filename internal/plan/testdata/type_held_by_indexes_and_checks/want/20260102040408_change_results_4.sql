-- atlas:txmode none

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" (a);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" (b);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" (c);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" (d);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" (e);
