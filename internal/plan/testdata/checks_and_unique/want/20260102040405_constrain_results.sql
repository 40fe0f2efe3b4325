-- Modify "results" table
ALTER TABLE "public"."results"
  ADD CONSTRAINT "source_not_empty" CHECK (source <> ''::text),
  ADD CONSTRAINT "results_source_key" UNIQUE ("source");
