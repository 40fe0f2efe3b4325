-- atlas:txmode none

-- It goes before the type of its column changes: PostgreSQL cannot make it over the new type.
-- Until it is made again it checks nothing: rows that are against it by then stop that.
-- ON CONFLICT finds no index meanwhile, and is an error.
DROP INDEX CONCURRENTLY public.t_code;
