-- Create "t" table
CREATE TABLE "public"."t" (
  "id" integer NOT NULL,
  "a_b" serial NOT NULL
);
