COMMENT ON COLUMN public.t.a IS E'c:\\d';

COMMENT ON INDEX public.ua IS 'it''s new';

COMMENT ON INDEX public.iname IS NULL;

COMMENT ON TABLE public.t IS 'two
lines';
