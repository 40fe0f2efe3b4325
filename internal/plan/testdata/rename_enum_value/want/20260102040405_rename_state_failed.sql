-- Rename enum value 'failed' of public.state to 'broken'. What runs meanwhile and uses the old name fails from now on.
ALTER TYPE public.state RENAME VALUE 'failed' TO 'broken';
