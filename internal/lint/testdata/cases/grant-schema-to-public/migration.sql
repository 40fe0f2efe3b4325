GRANT USAGE ON SCHEMA public TO public;
