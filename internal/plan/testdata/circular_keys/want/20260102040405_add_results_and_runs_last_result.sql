-- Create "results" table
CREATE TABLE "public"."results" (
  "id" uuid NOT NULL,
  "run_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "results_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "public"."runs" ("id")
);

-- The key is valid at once: there is nothing to check in a column without values.
ALTER TABLE public.runs ADD COLUMN last_result uuid CONSTRAINT runs_last_result_fkey REFERENCES public.results(id);
