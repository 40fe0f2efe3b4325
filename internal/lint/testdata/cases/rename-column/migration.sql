ALTER TABLE customers RENAME mail TO email;
