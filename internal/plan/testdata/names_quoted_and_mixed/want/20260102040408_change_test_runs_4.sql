-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY "Uniq Ünï" ON "App Data"."Test Runs" ("Ünï");

ALTER TABLE "App Data"."Test Runs" ADD CONSTRAINT "Uniq Ünï" UNIQUE USING INDEX "Uniq Ünï";

CREATE INDEX CONCURRENTLY "By select; --" ON "App Data"."Test Runs" ("select");
