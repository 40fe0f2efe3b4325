-- From now on nobody writes a NULL into "select"; what is there already is looked at later.
ALTER TABLE "My App"."It's t"
  ALTER COLUMN "select" SET DEFAULT nextval('"My App"."It''s t_select_seq"'::regclass),
  ADD CONSTRAINT "It's t_select_not_null" CHECK ("select" IS NOT NULL) NOT VALID;
