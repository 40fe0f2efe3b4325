-- Reverse: modify "results" table
ALTER TABLE "public"."results"
  DROP CONSTRAINT "results_source_key",
  DROP CONSTRAINT "source_not_empty";
