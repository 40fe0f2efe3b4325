ALTER TABLE "Bestellungen ä" DROP COLUMN "größe";
