-- Reverse: drop "rooms" table
-- The data of table public.rooms does not come back.
CREATE TABLE "public"."rooms" (
  "room" integer NULL,
  "during" tsrange NULL,
  "note" text NULL
);

CREATE INDEX "ix_note" ON "public"."rooms" ("note");

ALTER TABLE public.rooms ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE ((room > 0)) DEFERRABLE;

ALTER TABLE public.rooms SET (autovacuum_vacuum_scale_factor='0.01');

ALTER TABLE public.rooms ALTER COLUMN note SET STORAGE EXTERNAL;

ALTER INDEX public.ix_note SET (fillfactor='70');
