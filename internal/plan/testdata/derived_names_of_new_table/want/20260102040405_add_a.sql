-- Create "a" table
CREATE TABLE "public"."a" (
  "id" integer NOT NULL,
  "b_c" integer NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "a_b_c_fkey1" FOREIGN KEY ("b_c") REFERENCES "public"."a" ("id"),
  CONSTRAINT "a_b_c_check1" CHECK (b_c > 0)
);

-- Create index "a_b_c_idx1" to table: "a"
CREATE INDEX "a_b_c_idx1" ON "public"."a" ("b_c");
