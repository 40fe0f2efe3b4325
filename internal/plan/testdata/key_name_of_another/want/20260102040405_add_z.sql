-- Create "z" table
CREATE TABLE "public"."z" (
  "id" integer NOT NULL,
  CONSTRAINT "z_pkey1" PRIMARY KEY ("id")
);

-- Add constraint "z_key" to table "z" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."z" ADD CONSTRAINT "z_key" UNIQUE ("id");
