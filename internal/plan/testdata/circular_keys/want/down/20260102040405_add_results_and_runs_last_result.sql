ALTER TABLE public.runs DROP COLUMN last_result;

-- Reverse: create "results" table
DROP TABLE "public"."results";
