-- Create "a" table
CREATE TABLE "public"."a" (
  "id" integer NOT NULL,
  "b" integer NULL,
  "run" integer NULL,
  PRIMARY KEY ("id")
);

-- Create "b" table
CREATE TABLE "public"."b" (
  "id" integer NOT NULL,
  "a" integer NULL,
  "self" integer NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "b_self" FOREIGN KEY ("self") REFERENCES "public"."b" ("id")
);

-- Modify "a" table
ALTER TABLE "public"."a"
  ADD CONSTRAINT "a_b" FOREIGN KEY ("b") REFERENCES "public"."b" ("id"),
  ADD CONSTRAINT "a_run" FOREIGN KEY ("run") REFERENCES "public"."runs" ("id");

-- Modify "b" table
ALTER TABLE "public"."b" ADD CONSTRAINT "b_a" FOREIGN KEY ("a") REFERENCES "public"."a" ("id");
