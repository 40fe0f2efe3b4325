-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_e ON public."Results" (e);
