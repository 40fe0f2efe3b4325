-- Every summary that has room for pass_percent has it.
SELECT NOT EXISTS (
    SELECT FROM public.runs WHERE jsonb_typeof(summary) = 'object' AND NOT summary ? 'pass_percent'
);
