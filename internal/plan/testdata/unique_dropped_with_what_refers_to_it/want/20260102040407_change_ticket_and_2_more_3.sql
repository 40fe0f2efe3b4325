-- Destroys column public.wish.seat with its data.
ALTER TABLE public.wish DROP COLUMN seat;
