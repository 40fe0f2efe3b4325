-- Rename enum value 'sad' of public.mood to 'sad_renamed'. What runs meanwhile and uses the old name finds another enum value there and no error: stop it before.
ALTER TYPE public.mood RENAME VALUE 'sad' TO 'sad_renamed';

-- Rename enum value 'ok' of public.mood to 'sad'. What runs meanwhile and uses the old name finds another enum value there and no error: stop it before.
ALTER TYPE public.mood RENAME VALUE 'ok' TO 'sad';

-- Rename enum value 'sad_renamed' of public.mood to 'ok'. What runs meanwhile and uses the old name fails from now on.
ALTER TYPE public.mood RENAME VALUE 'sad_renamed' TO 'ok';
