-- atlas:txmode none

DROP INDEX CONCURRENTLY "App-Data"."By Ünïcode";
