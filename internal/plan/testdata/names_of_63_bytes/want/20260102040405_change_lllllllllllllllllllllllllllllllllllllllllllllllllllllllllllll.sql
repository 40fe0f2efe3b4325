-- From now on nobody writes a NULL into ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc; what is there already is looked at later.
-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé"
  ADD CONSTRAINT llllllllllllllllllllllllllllllllllllllllllllllllllllll_not_null CHECK (ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc IS NOT NULL) NOT VALID,
  ADD CONSTRAINT kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk_new CHECK ((length(ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc) > 1)) NOT VALID;
