-- atlas:txmode none

-- The planner knows nothing about the new values yet.
ANALYZE public.runs (total);

-- The planner knows nothing about the new values yet.
ANALYZE public.runs ("Upper");

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.runs (passed);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.runs (failed);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.runs (name);

-- The planner knows nothing about an expression's values yet.
ANALYZE public.runs;
