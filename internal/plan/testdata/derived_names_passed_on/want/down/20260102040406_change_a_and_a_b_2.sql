ALTER TABLE public.a_b RENAME CONSTRAINT a_b_c_fkey1 TO a_b_c_fkey;

ALTER TABLE public.a_b RENAME CONSTRAINT a_b_c_check1 TO a_b_c_check;

-- Reverse: create index "a_b_c_idx" to table: "a"
DROP INDEX "public"."a_b_c_idx";

-- Reverse: create "a" table
DROP TABLE "public"."a";
