-- Set comment to schema: "public"
COMMENT ON SCHEMA "public" IS 'ours';

COMMENT ON COLUMN public.runs.id IS 'made by the application';

COMMENT ON TABLE public.runs IS 'A test run';
