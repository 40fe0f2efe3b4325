-- The numbers go on where the column's sequence stands.
ALTER TABLE public.u ALTER COLUMN id DROP DEFAULT;

ALTER TABLE public.u ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

SELECT setval((SELECT d.objid::regclass FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.refobjid = 'public.u'::regclass AND d.deptype = 'i' AND a.attname = 'id'), last_value, is_called) FROM public.other;
