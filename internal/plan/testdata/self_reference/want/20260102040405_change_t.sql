-- Modify "t" table
ALTER TABLE "public"."t"
  ADD COLUMN "parent" integer NULL,
  ADD COLUMN "double" integer NOT NULL GENERATED ALWAYS AS (id * 2) STORED,
  ADD CONSTRAINT "t_check" CHECK (id <> parent),
  ADD CONSTRAINT "t_parent" FOREIGN KEY ("parent") REFERENCES "public"."t" ("id") ON UPDATE CASCADE ON DELETE SET NULL;
