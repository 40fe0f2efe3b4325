-- atlas:txmode none

DROP INDEX CONCURRENTLY public."Ix c";
