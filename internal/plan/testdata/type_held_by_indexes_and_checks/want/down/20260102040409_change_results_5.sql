ALTER TABLE public."Results" DROP CONSTRAINT b_is_number;
