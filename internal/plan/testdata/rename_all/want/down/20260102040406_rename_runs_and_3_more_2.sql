ALTER TYPE public.outcome RENAME VALUE 'broken' TO 'failed';

ALTER TYPE public.outcome RENAME TO state;
