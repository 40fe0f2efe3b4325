ALTER INDEX public.ix_note RENAME TO ix_rooms_note;
