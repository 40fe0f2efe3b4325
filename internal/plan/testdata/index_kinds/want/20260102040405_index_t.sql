-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY covering ON public.t (a) INCLUDE (b);

CREATE INDEX CONCURRENTLY hashed ON public.t USING hash (b);

CREATE UNIQUE INDEX CONCURRENTLY not_distinct ON public.t (b) NULLS NOT DISTINCT;

CREATE INDEX CONCURRENTLY pattern ON public.t (b text_pattern_ops, a DESC NULLS LAST);
