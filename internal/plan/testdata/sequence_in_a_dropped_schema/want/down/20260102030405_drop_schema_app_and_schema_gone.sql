-- Reverse: drop "t" table
-- The data of table gone.t does not come back.
CREATE TABLE "gone"."t" (
  "id" serial NOT NULL,
  PRIMARY KEY ("id")
);

-- Reverse: drop "t" table
-- The data of table app.t does not come back.
CREATE TABLE "app"."t" (
  "id" serial NOT NULL,
  PRIMARY KEY ("id")
);

ALTER SEQUENCE app.order_no OWNED BY app.t.id;
