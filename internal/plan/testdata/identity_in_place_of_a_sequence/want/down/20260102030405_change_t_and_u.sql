-- The numbers go on where the column's sequence stands.
LOCK TABLE public.u IN ACCESS EXCLUSIVE MODE;

-- From here to the end nobody draws from the sequence.
ALTER SEQUENCE public.other CACHE 1;

SELECT setval('public.other', number, false) FROM (SELECT nextval((SELECT d.objid::regclass FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.refobjid = 'public.u'::regclass AND d.deptype = 'i' AND a.attname = 'id')) AS number) AS next WHERE number > (SELECT last_value FROM public.other);

ALTER TABLE public.u ALTER COLUMN id DROP IDENTITY;

ALTER TABLE public.u ALTER COLUMN id SET DEFAULT nextval('public.other'::regclass);

ALTER SEQUENCE public.other OWNED BY public.u.id;
