-- atlas:txmode none

-- Fill token in the rows that were there before, at once: there is no key to go along.
-- repeatable it fills only what is still NULL
DO $$
BEGIN
  UPDATE public.events r SET token = DEFAULT WHERE r.token IS NULL;
END
$$;

ANALYZE public.events (token);
