-- Reverse: drop "t" table
-- The data of table public.t does not come back.
CREATE TABLE "public"."t" (
  "id" bigint NOT NULL,
  "n" serial NOT NULL,
  PRIMARY KEY ("id")
);

ALTER SEQUENCE public.order_no OWNED BY public.t.id;
