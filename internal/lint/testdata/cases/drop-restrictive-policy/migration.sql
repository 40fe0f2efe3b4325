DROP POLICY own ON orders;
