-- Modify "runs" table
ALTER TABLE "public"."runs"
  ADD COLUMN "q" public.percent NULL,
  ADD COLUMN "mail" public.citext NOT NULL DEFAULT public.code();
