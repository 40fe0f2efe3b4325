-- The new one is valid: it takes the place of the old one.
ALTER TABLE public.orders DROP CONSTRAINT orders_positive;

ALTER TABLE public.orders RENAME CONSTRAINT orders_positive_new TO orders_positive;
