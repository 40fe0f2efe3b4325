-- Reverse: set the default of column "of_a" of table "b", which draws from another table's sequence
ALTER TABLE public.b ALTER COLUMN of_a DROP DEFAULT;

-- Reverse: set the default of column "of_b" of table "a", which draws from another table's sequence
ALTER TABLE public.a ALTER COLUMN of_b DROP DEFAULT;

-- Reverse: create "b" table
DROP TABLE "public"."b";

-- Reverse: create "a" table
DROP TABLE "public"."a";
