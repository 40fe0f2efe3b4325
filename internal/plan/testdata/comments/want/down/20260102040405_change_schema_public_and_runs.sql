COMMENT ON TABLE public.runs IS NULL;

COMMENT ON COLUMN public.runs.id IS NULL;

-- Reverse: set comment to schema: "public"
COMMENT ON SCHEMA "public" IS 'standard public schema';
