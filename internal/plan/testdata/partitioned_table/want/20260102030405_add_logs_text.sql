-- Modify "logs" table
ALTER TABLE "public"."logs" ADD COLUMN "text" text NULL;

-- Create index "logs_text" to table: "logs"
CREATE INDEX "logs_text" ON "public"."logs" ("text");
