-- Rename enum public.state to public.outcome. What runs meanwhile and uses the old name fails from now on.
ALTER TYPE public.state RENAME TO outcome;

-- Rename enum value 'failed' of public.outcome to 'broken'. What runs meanwhile and uses the old name fails from now on.
ALTER TYPE public.outcome RENAME VALUE 'failed' TO 'broken';
