-- Create "b" table
CREATE TABLE "public"."b" (
  "id" integer NOT NULL,
  CONSTRAINT "the key" PRIMARY KEY ("id")
);

-- Add constraint "the unique" to table "b" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."b" ADD CONSTRAINT "the unique" UNIQUE ("id");

-- Create index "the index" to table: "b"
CREATE INDEX "the index" ON "public"."b" ("id");
