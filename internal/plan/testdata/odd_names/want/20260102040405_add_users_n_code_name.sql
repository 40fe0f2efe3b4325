-- Modify "Users" table
ALTER TABLE "App-Data"."Users" ADD COLUMN "Ünïcode name" text NOT NULL DEFAULT 'a; b -- c';

-- Create index "By Ünïcode" to table: "Users"
CREATE INDEX "By Ünïcode" ON "App-Data"."Users" ("Ünïcode name" DESC) WHERE ("select" <> ''::text);
