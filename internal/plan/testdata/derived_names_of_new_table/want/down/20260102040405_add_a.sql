-- Reverse: create index "a_b_c_idx1" to table: "a"
DROP INDEX "public"."a_b_c_idx1";

-- Reverse: create "a" table
DROP TABLE "public"."a";
