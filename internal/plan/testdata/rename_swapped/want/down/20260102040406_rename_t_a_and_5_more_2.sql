ALTER TYPE public.mood RENAME VALUE 'ok' TO 'sad_renamed';

ALTER TYPE public.mood RENAME VALUE 'sad' TO 'ok';

ALTER TYPE public.mood RENAME VALUE 'sad_renamed' TO 'sad';
