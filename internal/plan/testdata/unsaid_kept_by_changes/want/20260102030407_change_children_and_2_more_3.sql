-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY code_once_new ON public.parents (code, id);

ALTER TABLE public.parents DROP CONSTRAINT code_once, ADD CONSTRAINT code_once UNIQUE USING INDEX code_once_new DEFERRABLE INITIALLY DEFERRED;

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY ix_note_new ON public.rooms (note, room) WITH (fillfactor='70');

DROP INDEX CONCURRENTLY public.ix_note;

ALTER INDEX public.ix_note_new RENAME TO ix_note;
