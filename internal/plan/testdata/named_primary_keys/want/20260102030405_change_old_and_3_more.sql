-- Create "new" table
CREATE TABLE "public"."new" (
  "id" uuid NOT NULL,
  CONSTRAINT "pk_new" PRIMARY KEY ("id")
);

ALTER TABLE public.runs RENAME CONSTRAINT pk_runs TO runs_pkey;
