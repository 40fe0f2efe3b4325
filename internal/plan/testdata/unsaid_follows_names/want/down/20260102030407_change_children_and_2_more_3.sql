ALTER INDEX public.ix_rooms_note RENAME TO ix_note;
