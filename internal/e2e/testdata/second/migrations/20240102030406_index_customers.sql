-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY "Customer by e-mail" ON "Shop Floor"."Customer" (lower("e-mail"));

CREATE INDEX CONCURRENTLY "Customer Notes" ON "Shop Floor"."Customer" USING gin ("Notes");
