-- The numbers go on where the column's sequence stands.
LOCK TABLE public.u IN ACCESS EXCLUSIVE MODE;

CREATE SEQUENCE public.u_id_numbers AS integer;

SELECT setval('public.u_id_numbers', nextval((SELECT d.objid::regclass FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.refobjid = 'public.u'::regclass AND d.deptype = 'i' AND a.attname = 'id')), false);

ALTER TABLE public.u ALTER COLUMN id DROP IDENTITY;

ALTER SEQUENCE public.u_id_numbers RENAME TO u_id_seq;

ALTER TABLE public.u ALTER COLUMN id SET DEFAULT nextval('public.u_id_seq'::regclass);

ALTER SEQUENCE public.u_id_seq OWNED BY public.u.id;
