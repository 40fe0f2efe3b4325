CREATE POLICY own ON orders USING (true);
