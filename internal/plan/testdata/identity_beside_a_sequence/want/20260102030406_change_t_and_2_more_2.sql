-- The numbers go on where the column's sequence stands.
LOCK TABLE public.v IN ACCESS EXCLUSIVE MODE;

CREATE SEQUENCE public.v_id_numbers AS integer;

SELECT setval('public.v_id_numbers', nextval((SELECT d.objid::regclass FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.refobjid = 'public.v'::regclass AND d.deptype = 'i' AND a.attname = 'id')), false);

ALTER TABLE public.v ALTER COLUMN id DROP IDENTITY;

ALTER SEQUENCE public.v_id_numbers RENAME TO v_id_seq;

ALTER TABLE public.v ALTER COLUMN id SET DEFAULT nextval('public.v_id_seq'::regclass);

ALTER SEQUENCE public.v_id_seq OWNED BY public.v.id;
