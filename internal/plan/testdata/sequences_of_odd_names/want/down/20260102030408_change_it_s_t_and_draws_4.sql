ALTER TABLE "My App"."It's t"
  ADD CONSTRAINT "It's t_select_not_null" CHECK ("select" IS NOT NULL) NOT VALID,
  ALTER COLUMN "select" DROP NOT NULL;
