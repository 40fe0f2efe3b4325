-- Reverse: create index "pattern" to table: "t"
DROP INDEX "public"."pattern";

-- Reverse: create index "not_distinct" to table: "t"
DROP INDEX "public"."not_distinct";

-- Reverse: create index "hashed" to table: "t"
DROP INDEX "public"."hashed";

-- Reverse: create index "covering" to table: "t"
DROP INDEX "public"."covering";
