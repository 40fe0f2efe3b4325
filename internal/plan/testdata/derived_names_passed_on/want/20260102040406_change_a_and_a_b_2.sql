-- Create "a" table
CREATE TABLE "public"."a" (
  "id" integer NOT NULL,
  "b_c" integer NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "a_b_c_fkey" FOREIGN KEY ("b_c") REFERENCES "public"."a" ("id"),
  CONSTRAINT "a_b_c_check" CHECK (b_c > 0)
);

-- Create index "a_b_c_idx" to table: "a"
CREATE INDEX "a_b_c_idx" ON "public"."a" ("b_c");

ALTER TABLE public.a_b RENAME CONSTRAINT a_b_c_check TO a_b_c_check1;

ALTER TABLE public.a_b RENAME CONSTRAINT a_b_c_fkey TO a_b_c_fkey1;
