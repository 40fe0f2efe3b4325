-- atlas:txmode none

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" (id);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" ("Source");

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" (count);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public."Results" (env);
