ALTER TABLE public."B" DROP CONSTRAINT "B_a_id_fkey";
