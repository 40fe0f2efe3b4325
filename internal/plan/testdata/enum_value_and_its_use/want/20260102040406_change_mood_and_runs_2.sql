ALTER TABLE public.runs ALTER COLUMN mood SET DEFAULT 'so so'::public.mood;
