-- atlas:txmode none

ALTER TABLE public.orders RENAME CONSTRAINT orders_positive TO orders_positive_new;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.orders ADD CONSTRAINT orders_positive CHECK ((qty > 0)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against orders_positive.
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_positive;
