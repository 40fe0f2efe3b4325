-- atlas:txmode none

VACUUM (FULL, ANALYZE) public.orders;
