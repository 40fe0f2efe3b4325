-- The data of column public.rooms.note does not come back.
ALTER TABLE public.rooms ADD COLUMN note text;

ALTER TABLE public.rooms ALTER COLUMN note SET STORAGE EXTERNAL;
