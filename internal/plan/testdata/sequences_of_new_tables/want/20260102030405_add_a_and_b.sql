-- Create "a" table
CREATE TABLE "public"."a" (
  "id" serial NOT NULL,
  "of_b" integer NOT NULL,
  "of_a" bigint NULL DEFAULT nextval('a_id_seq'::regclass)
);

-- Create "b" table
CREATE TABLE "public"."b" (
  "id" serial NOT NULL,
  "of_a" integer NOT NULL
);

-- Set the default of column "of_b" of table "a", which draws from another table's sequence
ALTER TABLE public.a ALTER COLUMN of_b SET DEFAULT nextval('b_id_seq'::regclass);

-- Set the default of column "of_a" of table "b", which draws from another table's sequence
ALTER TABLE public.b ALTER COLUMN of_a SET DEFAULT nextval('a_id_seq'::regclass);
