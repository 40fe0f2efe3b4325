-- From here to the end nobody draws from the sequence.
ALTER SEQUENCE "My App"."It's t_I d_seq" CACHE 1;

ALTER TABLE "My App".draws ALTER COLUMN id SET DEFAULT nextval('"My App"."It''s t_I d_seq"'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('"My App"."It''s t_I d_seq"', number) FROM (SELECT greatest((SELECT last_value AS number FROM "My App".draws_id_seq WHERE is_called), max(id)) AS number FROM "My App".draws) AS highest WHERE number >= (SELECT last_value FROM "My App"."It's t_I d_seq");

DROP SEQUENCE "My App".draws_id_seq;
