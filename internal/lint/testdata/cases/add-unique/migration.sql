ALTER TABLE customers ADD CONSTRAINT mails UNIQUE (mail);
