-- atlas:txmode none

CREATE INDEX CONCURRENTLY "By Ünïcode" ON "App-Data"."Users" ("Ünïcode name" DESC) WHERE ("select" <> ''::text);
