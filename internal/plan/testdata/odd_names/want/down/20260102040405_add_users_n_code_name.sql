ALTER TABLE "App-Data"."Users" DROP COLUMN "Ünïcode name";
