ALTER TABLE customers DROP CONSTRAINT customers_mail_key, ADD CONSTRAINT customers_mail_key UNIQUE (mail, name);
