CREATE SCHEMA "My App";
CREATE TABLE "My App"."It's t" ("I d" smallserial PRIMARY KEY, "select" smallint);
CREATE SEQUENCE "My App"."order's ""no""" OWNED BY "My App"."It's t"."I d";
CREATE TABLE "My App".draws (id int PRIMARY KEY DEFAULT nextval('"My App"."It''s t_I d_seq"'), n int DEFAULT nextval('"My App"."order''s ""no"""'));
