SET search_path = '';
ALTER TABLE public.orders ADD COLUMN kind text;
