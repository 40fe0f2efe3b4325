DROP TABLE "Shop Floor"."order";

DROP TABLE "Shop Floor"."Customer";

DROP TYPE "Shop Floor"."State";

DROP SCHEMA "Shop Floor";
