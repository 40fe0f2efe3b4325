-- Create "t0" table
CREATE TABLE "public"."t0" (
  "id" serial NOT NULL,
  PRIMARY KEY ("id")
);
