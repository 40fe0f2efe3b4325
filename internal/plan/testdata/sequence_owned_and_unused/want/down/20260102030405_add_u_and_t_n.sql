ALTER TABLE public.t DROP COLUMN n;

-- Reverse: create "u" table
DROP TABLE "public"."u";
