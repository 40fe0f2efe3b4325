-- atlas:txmode none

-- The schema file does not declare this sequence: it stays.
ALTER SEQUENCE app.order_no OWNED BY NONE;

-- Drop "t" table
-- Destroys table app.t with its data.
DROP TABLE "app"."t";

-- Drop "t" table
-- Destroys table gone.t with its data.
DROP TABLE "gone"."t";
