-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.orders ADD CONSTRAINT orders_positive_new CHECK (((qty > 0) AND (amount >= (0)::numeric))) NOT VALID;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.orders ADD CONSTRAINT orders_little CHECK ((amount < (1000)::numeric)) NOT VALID;
