ALTER TABLE public.runs DROP COLUMN name;

-- Reverse: create "results" table
DROP TABLE "public"."results";
