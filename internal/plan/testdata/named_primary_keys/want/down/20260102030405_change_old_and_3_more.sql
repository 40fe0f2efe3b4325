ALTER TABLE public.runs RENAME CONSTRAINT runs_pkey TO pk_runs;

-- Reverse: create "new" table
DROP TABLE "public"."new";
