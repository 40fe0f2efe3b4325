ALTER TABLE "My App"."It's t"
  DROP CONSTRAINT "It's t_select_not_null",
  ALTER COLUMN "select" DROP DEFAULT;
