ALTER TABLE public.orders
  DROP CONSTRAINT orders_little,
  ADD CONSTRAINT orders_little CHECK ((amount < (1000)::numeric)) NOT VALID,
  DROP CONSTRAINT orders_positive_new,
  ADD CONSTRAINT orders_positive_new CHECK (((qty > 0) AND (amount >= (0)::numeric))) NOT VALID;
