ALTER TYPE public.state RENAME VALUE 'broken' TO 'failed';
