-- Reverse: drop "b" table
-- The data of table public.b does not come back.
CREATE TABLE "public"."b" (
  "id" integer NOT NULL,
  PRIMARY KEY ("id")
);

-- Reverse: drop "a" table
-- The data of table public.a does not come back.
CREATE TABLE "public"."a" (
  "id" serial NOT NULL,
  "again" integer NULL DEFAULT nextval('a_id_seq'::regclass),
  PRIMARY KEY ("id")
);
