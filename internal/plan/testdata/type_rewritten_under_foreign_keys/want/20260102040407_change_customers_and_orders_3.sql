-- atlas:txmode none

-- The planner knows nothing about the values of the new type yet.
ANALYZE "Sales"."Customers" (code);

-- The planner knows nothing about the values of the new type yet.
ANALYZE public.orders ("Code");
