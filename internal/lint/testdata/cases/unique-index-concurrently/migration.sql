-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY mails ON customers (mail);
