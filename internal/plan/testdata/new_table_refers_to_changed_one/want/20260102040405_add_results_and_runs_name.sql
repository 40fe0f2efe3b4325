-- Create "results" table
CREATE TABLE "public"."results" (
  "id" integer NOT NULL,
  "run_id" integer NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "results_run" FOREIGN KEY ("run_id") REFERENCES "public"."runs" ("id")
);

ALTER TABLE public.runs ADD COLUMN name text;
