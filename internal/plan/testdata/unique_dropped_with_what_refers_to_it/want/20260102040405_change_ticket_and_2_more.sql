-- atlas:txmode none

ALTER TABLE public.ticket DROP CONSTRAINT ticket_seat;

ALTER TABLE public.wish DROP CONSTRAINT wish_seat;
