-- The planner knows nothing about the new values yet.
ANALYZE public.t (twice);
