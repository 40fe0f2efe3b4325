ALTER TABLE customers DROP CONSTRAINT customers_mail_key;
