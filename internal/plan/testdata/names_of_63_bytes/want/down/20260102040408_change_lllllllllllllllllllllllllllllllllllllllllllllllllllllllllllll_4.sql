-- atlas:txmode none

ALTER TABLE public."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" RENAME CONSTRAINT "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkké" TO kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk_new;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" ADD CONSTRAINT "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkké" CHECK ((length(ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc) > 0)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkké".
ALTER TABLE public."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" VALIDATE CONSTRAINT "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkké";
