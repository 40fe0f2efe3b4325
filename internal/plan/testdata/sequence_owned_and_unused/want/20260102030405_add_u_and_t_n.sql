-- Create "u" table
CREATE TABLE "public"."u" (
  "id" integer NOT NULL
);

ALTER TABLE public.t ADD COLUMN n integer;
