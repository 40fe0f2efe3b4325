-- Reverse: drop "runs" table
-- The data of table public.runs does not come back.
CREATE TABLE "public"."runs" (
  "id" integer NOT NULL,
  PRIMARY KEY ("id")
);

-- Reverse: drop "results" table
-- The data of table public.results does not come back.
CREATE TABLE "public"."results" (
  "id" integer NOT NULL,
  "run_id" integer NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "results_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "public"."runs" ("id")
);
