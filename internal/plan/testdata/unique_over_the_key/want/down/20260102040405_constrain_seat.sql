ALTER TABLE public.seat DROP CONSTRAINT seat_ref;
