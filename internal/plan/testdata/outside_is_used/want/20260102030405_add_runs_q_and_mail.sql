ALTER TABLE public.runs ADD COLUMN mail public.citext DEFAULT public.code() NOT NULL;
