CREATE UNIQUE INDEX mails ON customers (mail);
