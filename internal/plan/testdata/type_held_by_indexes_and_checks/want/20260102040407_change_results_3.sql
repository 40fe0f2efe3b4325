-- REWRITES public."Results": the type of a changes from jsonb to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Loses without an error the fractions of a.
-- Fails if a value of a does not fit into integer.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public."Results" ADD COLUMN a_new integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public."Results" SET a_new = a::integer WHERE ...;
-- let it read a_new, and drop a when nobody uses it any more.
-- REWRITES public."Results": the type of b changes from jsonb to integer, which writes every row and every index anew.
-- Loses without an error the fractions of b.
-- Fails if a value of b does not fit into integer.
--   ALTER TABLE public."Results" ADD COLUMN b_new integer;
--   UPDATE public."Results" SET b_new = b::integer WHERE ...;
-- let it read b_new, and drop b when nobody uses it any more.
-- REWRITES public."Results": the type of c changes from jsonb to integer, which writes every row and every index anew.
-- Loses without an error the fractions of c.
-- Fails if a value of c does not fit into integer.
--   ALTER TABLE public."Results" ADD COLUMN c_new integer;
--   UPDATE public."Results" SET c_new = c::integer WHERE ...;
-- let it read c_new, and drop c when nobody uses it any more.
-- REWRITES public."Results": the type of d changes from jsonb to json, which writes every row and every index anew.
--   ALTER TABLE public."Results" ADD COLUMN d_new json;
--   UPDATE public."Results" SET d_new = d WHERE ...;
-- let it read d_new, and drop d when nobody uses it any more.

ALTER TABLE public."Results"
  ALTER COLUMN a DROP DEFAULT,
  ALTER COLUMN a TYPE integer USING a::integer,
  ALTER COLUMN a SET DEFAULT 0,
  ALTER COLUMN b TYPE integer USING b::integer,
  ALTER COLUMN c TYPE integer USING c::integer,
  ALTER COLUMN d TYPE json;
