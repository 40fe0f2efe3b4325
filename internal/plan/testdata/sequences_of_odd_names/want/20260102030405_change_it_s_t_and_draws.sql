CREATE SEQUENCE "My App"."It's t_select_seq" AS smallint OWNED BY "My App"."It's t"."select";

-- The numbers go on after the highest; this may read the whole table and blocks nobody.
SELECT setval('"My App"."It''s t_select_seq"', max("select")) FROM "My App"."It's t" HAVING max("select") >= 1;
