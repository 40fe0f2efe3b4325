ALTER TABLE public.orders
  DROP CONSTRAINT orders_little,
  DROP CONSTRAINT orders_positive_new;
