-- Create index "covering" to table: "t"
CREATE UNIQUE INDEX "covering" ON "public"."t" ("a") INCLUDE ("b");

-- Create index "hashed" to table: "t"
CREATE INDEX "hashed" ON "public"."t" USING hash ("b");

-- Create index "not_distinct" to table: "t"
CREATE UNIQUE INDEX "not_distinct" ON "public"."t" ("b") NULLS NOT DISTINCT;

-- Create index "pattern" to table: "t"
CREATE INDEX "pattern" ON "public"."t" ("b" text_pattern_ops, "a" DESC NULLS LAST);
