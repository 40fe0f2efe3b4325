-- The data of column public.wish.seat does not come back.
ALTER TABLE public.wish ADD COLUMN seat integer;
