-- REWRITES public."Results": the type of id changes from integer to bigint, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public."Results": the type of count changes from integer to text, which writes every row and every index anew.
-- REWRITES public."Results": the type of env changes from uuid to text, which writes every row and every index anew.

ALTER TABLE public."Results"
  ALTER COLUMN env TYPE text,
  ALTER COLUMN count TYPE text,
  ALTER COLUMN "Source" TYPE character varying(100),
  ALTER COLUMN id TYPE bigint;
