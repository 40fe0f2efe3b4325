ALTER TABLE public.seat DROP CONSTRAINT seat_code;
