-- atlas:txmode none

-- It goes before the type of its column changes: PostgreSQL cannot make it over the new type.
-- Until it is made again it checks nothing: rows that are against it by then stop that.
ALTER TABLE public."Results"
  DROP CONSTRAINT b_is_number,
  DROP CONSTRAINT b_is_small,
  DROP CONSTRAINT d_key;

-- It goes before the type of its column changes: PostgreSQL cannot make it over the new type.
-- Until it is built again queries go without it.
DROP INDEX CONCURRENTLY public."Ix c";

-- It goes before the type of its column changes: PostgreSQL cannot make it over the new type.
DROP INDEX CONCURRENTLY public.ix_a;
