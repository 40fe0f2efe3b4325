-- atlas:txmode none

CREATE INDEX CONCURRENTLY "Ix c" ON public."Results" (c);

COMMENT ON INDEX public."Ix c" IS 'it''s';
