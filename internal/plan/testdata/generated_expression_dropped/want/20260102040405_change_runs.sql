-- The column keeps its values and is written like any other from now on.
ALTER TABLE public.runs ALTER COLUMN twice DROP EXPRESSION;
