-- REWRITES public."Results": the type of a changes from integer to jsonb, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public."Results": the type of b changes from integer to jsonb, which writes every row and every index anew.
-- REWRITES public."Results": the type of c changes from integer to jsonb, which writes every row and every index anew.
-- REWRITES public."Results": the type of d changes from json to jsonb, which writes every row and every index anew.
-- Loses without an error the order of keys, and all but the last of those that are there twice of d.
-- Fails if a value of d does not fit into jsonb; such rows, from PostgreSQL 16 on:
--   SELECT * FROM public."Results" WHERE NOT pg_input_is_valid(d::text, 'jsonb');

ALTER TABLE public."Results"
  ALTER COLUMN d TYPE jsonb,
  ALTER COLUMN c TYPE jsonb USING c::text::jsonb,
  ALTER COLUMN b TYPE jsonb USING b::text::jsonb,
  ALTER COLUMN a DROP DEFAULT,
  ALTER COLUMN a TYPE jsonb USING a::text::jsonb,
  ALTER COLUMN a SET DEFAULT '{}'::jsonb;
