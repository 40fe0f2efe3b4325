DROP TABLE "Archive"."Old Orders";
