ALTER TYPE public.outcome RENAME TO state;
