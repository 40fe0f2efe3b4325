-- The data of column "My App".draws.n does not come back.
ALTER TABLE "My App".draws ADD COLUMN n integer DEFAULT nextval('"My App"."order''s ""no"""'::regclass);
