ALTER TABLE public.runs ALTER COLUMN mood SET DEFAULT 'sad'::public.mood;
