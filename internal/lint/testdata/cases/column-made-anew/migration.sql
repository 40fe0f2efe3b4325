ALTER TABLE customers DROP COLUMN mail, ADD COLUMN mail text CONSTRAINT customers_mail_key UNIQUE;
