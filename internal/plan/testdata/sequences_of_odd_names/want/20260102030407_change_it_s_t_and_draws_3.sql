CREATE SEQUENCE "My App".draws_id_seq AS integer;

ALTER TABLE "My App".draws ALTER COLUMN id SET DEFAULT nextval('"My App".draws_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('"My App".draws_id_seq', number) FROM (SELECT greatest((SELECT last_value AS number FROM "My App"."It's t_I d_seq" WHERE is_called), max(id)) AS number FROM "My App".draws) AS highest WHERE number >= 1;

ALTER SEQUENCE "My App".draws_id_seq OWNED BY "My App".draws.id;
