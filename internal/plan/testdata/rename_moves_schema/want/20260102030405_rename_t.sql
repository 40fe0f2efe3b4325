-- Rename table app.t to public.t. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE app.t SET SCHEMA public;
