-- BLOCKS public."T": the highest no is looked for, and no index begins with it.
-- Nobody reads or writes the table meanwhile.
-- To keep the application running, declare an index that begins with it in the schema file, and apply that first.

CREATE SEQUENCE public."T_no_seq" AS integer;

ALTER TABLE public."T" ALTER COLUMN no SET DEFAULT nextval('public."T_no_seq"'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public."T_no_seq"', number) FROM (SELECT max(no) AS number FROM public."T") AS highest WHERE number >= 1;

ALTER SEQUENCE public."T_no_seq" OWNED BY public."T".no;
