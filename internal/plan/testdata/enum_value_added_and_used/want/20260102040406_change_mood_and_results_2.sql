ALTER TABLE public.results ALTER COLUMN mood SET DEFAULT 'so so'::public.mood;
