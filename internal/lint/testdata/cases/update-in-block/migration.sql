DO $$ BEGIN UPDATE orders SET note = ''; END $$;
