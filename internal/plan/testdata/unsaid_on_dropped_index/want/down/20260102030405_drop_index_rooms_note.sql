-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_note ON public.rooms (note) WITH (fillfactor='70');
