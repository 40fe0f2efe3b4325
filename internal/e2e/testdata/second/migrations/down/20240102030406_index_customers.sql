-- atlas:txmode none

DROP INDEX CONCURRENTLY "Shop Floor"."Customer Notes";

DROP INDEX CONCURRENTLY "Shop Floor"."Customer by e-mail";
