DELETE FROM ONLY public.orders o;
