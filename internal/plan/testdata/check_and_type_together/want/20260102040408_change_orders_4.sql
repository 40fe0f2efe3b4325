-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if a row is against orders_positive_new.
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_positive_new;

-- Reads the whole table and blocks nobody; fails if a row is against orders_little.
ALTER TABLE public.orders VALIDATE CONSTRAINT orders_little;
