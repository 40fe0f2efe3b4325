ALTER TABLE public.a RENAME CONSTRAINT "the key" TO "old key";

ALTER TABLE public.a RENAME CONSTRAINT "the unique" TO "old unique";

ALTER INDEX public."the index" RENAME TO "old index";
