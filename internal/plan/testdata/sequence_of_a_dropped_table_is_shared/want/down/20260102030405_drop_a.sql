-- Reverse: drop "a" table
-- The data of table public.a does not come back.
CREATE TABLE "public"."a" (
  "id" integer NOT NULL DEFAULT nextval('public.a_id_seq'::regclass),
  PRIMARY KEY ("id")
);

ALTER SEQUENCE public.a_id_seq OWNED BY public.a.id;
