-- Destroys column public.rooms.note with its data.
ALTER TABLE public.rooms DROP COLUMN note;
