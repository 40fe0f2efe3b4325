ALTER TABLE customers DROP CONSTRAINT customers_pkey, ADD PRIMARY KEY (name);
