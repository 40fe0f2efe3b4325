-- atlas:txmode none

-- The data of column public."user".gone_id does not come back.
ALTER TABLE public."user" ADD COLUMN gone_id bigint;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."user" ADD CONSTRAINT user_gone FOREIGN KEY (gone_id) REFERENCES public.gone(id) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against user_gone.
ALTER TABLE public."user" VALIDATE CONSTRAINT user_gone;
