DROP TRIGGER stamp ON orders;
