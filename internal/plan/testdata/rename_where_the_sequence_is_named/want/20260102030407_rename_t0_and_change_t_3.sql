-- The planner knows nothing about the values of the new type yet.
ANALYZE public.t (n);
