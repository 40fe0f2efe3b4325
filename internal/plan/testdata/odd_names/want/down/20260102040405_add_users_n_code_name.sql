-- Reverse: create index "By Ünïcode" to table: "Users"
DROP INDEX "App-Data"."By Ünïcode";

-- Reverse: modify "Users" table
ALTER TABLE "App-Data"."Users" DROP COLUMN "Ünïcode name";
