-- Create "results" table
CREATE TABLE "public"."results" (
  "id" integer NOT NULL,
  "run_id" integer NOT NULL,
  "user_id" integer NOT NULL,
  PRIMARY KEY ("id")
);
