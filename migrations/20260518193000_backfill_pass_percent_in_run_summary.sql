-- alembic:revision d18de2b3253f
-- atlas:txmode none

-- Ibutsu writes pass_percent into the summary of every new run. This gives it to the
-- old ones, so that runs can be filtered and sorted by it, and indexes it.
--
-- pass_percent is passes * 100 / tests, rounded down and held within 0..100. A counter
-- counts only if its text is all digits: -3, 1.5, null and "many" are as good as missing.
--   tests missing or 0   0, whatever the rest says
--   passes missing       passes is tests less all others, where a missing one is 0
-- Summaries that are no object (NULL, null, [], 7) have no room for it and stay.

-- Batches of 5000 runs, each committed on its own: rows are locked for as long as their
-- batch takes, and what is done stays done when this is stopped.
--
-- A batch is the next 5000 runs by primary key, not the next 5000 that lack
-- pass_percent: to find those means to read past all that are done, again for every
-- batch, in time that grows with the square of the table. So each row is read once a pass.
--
-- UPDATE looks at a row again if another session changed it meanwhile: a pass_percent
-- that came from there is kept, and new counters are the ones that count. Runs that
-- come in behind the current batch are found by the next pass. The last pass is the
-- one that found less than a batch; an application that still writes runs without
-- pass_percent would otherwise keep us here forever.

-- repeatable it takes only runs that still lack pass_percent
DO $$
DECLARE
    batch   CONSTANT integer := 5000;
    ids     uuid[];
    first   uuid;
    last    uuid;
    changed bigint;
    pass    bigint;
    checked bigint;
    filled  bigint := 0;
BEGIN
    LOOP
        pass := 0;
        checked := 0;
        first := '00000000-0000-0000-0000-000000000000';

        LOOP
            -- One more than the batch: where the next one begins.
            ids := ARRAY(SELECT id FROM public.runs WHERE id >= first ORDER BY id LIMIT batch + 1);
            last := ids[least(batch, cardinality(ids))];

            UPDATE public.runs
            SET summary = summary || jsonb_build_object('pass_percent', (
                SELECT CASE
                           WHEN tests > 0 THEN
                               -- div is exact, where / rounds: 99.99...9 must not become 100.
                               greatest(0, least(100, div(coalesce(passes, tests - others) * 100, tests)))
                           ELSE 0
                       END::integer
                FROM (
                    SELECT max(value::numeric) FILTER (WHERE key = 'tests') AS tests,
                           max(value::numeric) FILTER (WHERE key = 'passes') AS passes,
                           coalesce(sum(value::numeric) FILTER (WHERE key IN
                               ('failures', 'errors', 'skips', 'xpasses', 'xfailures')), 0) AS others
                    FROM jsonb_each_text(summary)
                    -- Digits without end are no number, not even for numeric.
                    WHERE value ~ '^[0-9]+$' AND length(value) <= 1000
                ) counters
            ))
            WHERE id BETWEEN first AND last
              AND jsonb_typeof(summary) = 'object'
              AND NOT summary ? 'pass_percent';
            GET DIAGNOSTICS changed = ROW_COUNT;
            COMMIT;

            pass := pass + changed;
            filled := filled + changed;
            checked := checked + least(batch, cardinality(ids));
            RAISE NOTICE 'pass_percent: % runs read, % filled in', checked, filled;

            first := ids[batch + 1];
            EXIT WHEN first IS NULL;
        END LOOP;

        EXIT WHEN pass < batch;
    END LOOP;
END
$$;

-- A pass_percent that was there before was not touched. One that is no integer would
-- fail the index build after it has read the whole table, and leave an INVALID index.

-- repeatable it only reads
DO $$
DECLARE
    n     bigint;
    named text;
BEGIN
    SELECT count(*), string_agg(format('%s (%s)', id, left(value, 40)), ', ' ORDER BY id) FILTER (WHERE nth <= 20)
    INTO n, named
    FROM (
        SELECT id, summary ->> 'pass_percent' AS value, row_number() OVER (ORDER BY id) AS nth
        FROM public.runs
        WHERE CASE
                  WHEN summary ->> 'pass_percent' ~ '^[-+]?[0-9]{1,30}$' THEN
                      (summary ->> 'pass_percent')::numeric NOT BETWEEN -2147483648 AND 2147483647
                  ELSE summary ->> 'pass_percent' IS NOT NULL
              END
    ) bad;

    IF n > 0 THEN
        RAISE EXCEPTION 'the pass_percent of % run(s) is no integer, so it cannot be indexed: %',
            n, named || CASE WHEN n > 20 THEN ', ...' ELSE '' END
            USING ERRCODE = 'invalid_text_representation',
                  HINT = 'Set it to an integer in runs.summary, then apply again.';
    END IF;
END
$$;

-- A build that failed leaves an INVALID index of this name, which IF NOT EXISTS would
-- take for the real one. So it is dropped, and a build that finds one all the same fails.
DROP INDEX CONCURRENTLY IF EXISTS public.ix_runs_pass_percent;

CREATE INDEX CONCURRENTLY ix_runs_pass_percent
    ON public.runs (((summary ->> 'pass_percent')::integer));

-- An indexed expression has no statistics before this, and every summary is new.
ANALYZE public.runs;
