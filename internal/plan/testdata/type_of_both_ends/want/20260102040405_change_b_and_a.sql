-- Its two ends change one after the other, and PostgreSQL compares no old type with a new one.
-- In between a statement that joins the two fails as well.
-- Until it is added again it neither checks nor cascades: a row that is against it by then fails its validation.
ALTER TABLE public."B" DROP CONSTRAINT "B_a_id_fkey";
