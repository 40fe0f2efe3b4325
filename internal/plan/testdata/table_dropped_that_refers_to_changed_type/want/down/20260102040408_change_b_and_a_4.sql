-- Reverse: drop "B" table
-- The data of table public."B" does not come back.
CREATE TABLE "public"."B" (
  "id" integer NOT NULL,
  "a_id" integer NULL,
  "code" integer NULL,
  PRIMARY KEY ("id")
);

ALTER TABLE "public"."B" ADD CONSTRAINT "self" FOREIGN KEY ("code") REFERENCES "public"."B" ("id");

-- Reverse: modify "B" table
ALTER TABLE "public"."B" ADD CONSTRAINT "code_fk" FOREIGN KEY ("code") REFERENCES "public"."a" ("code");
