-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if there is a NULL in ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.
ALTER TABLE public."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" VALIDATE CONSTRAINT llllllllllllllllllllllllllllllllllllllllllllllllllllll_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" ALTER COLUMN ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc SET NOT NULL;

ALTER TABLE public."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" DROP CONSTRAINT llllllllllllllllllllllllllllllllllllllllllllllllllllll_not_null;

-- Reads the whole table and blocks nobody; fails if a row is against kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk_new.
ALTER TABLE public."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" VALIDATE CONSTRAINT kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk_new;
