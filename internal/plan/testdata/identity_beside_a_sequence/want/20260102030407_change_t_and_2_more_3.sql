ALTER TABLE public.t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them first.
SELECT setval((SELECT d.objid::regclass FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.refobjid = 'public.t'::regclass AND d.deptype = 'i' AND a.attname = 'id'), number) FROM (SELECT max(id) AS number FROM public.t) AS highest WHERE number >= 1;
