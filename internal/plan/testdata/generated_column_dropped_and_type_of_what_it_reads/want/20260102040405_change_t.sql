-- The column keeps its values and is written like any other from now on.
ALTER TABLE public.t ALTER COLUMN k DROP EXPRESSION;
