ALTER INDEX public."old index" RENAME TO "the index";

ALTER TABLE public.a RENAME CONSTRAINT "old unique" TO "the unique";

ALTER TABLE public.a RENAME CONSTRAINT "old key" TO "the key";
