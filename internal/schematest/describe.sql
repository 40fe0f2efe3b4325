-- The tables of schema public as one JSON object.
SELECT coalesce(jsonb_object_agg(t.relname, jsonb_build_object(
    'columns', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'not_null', a.attnotnull,
            'default', pg_get_expr(d.adbin, d.adrelid)
        ) ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    'constraints', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', c.conname,
            'type', c.contype,
            'def', pg_get_constraintdef(c.oid)
        ) ORDER BY c.conname COLLATE "C"), '[]')
        FROM pg_constraint c
        -- From version 18 on NOT NULL is a constraint, too.
        WHERE c.conrelid = t.oid AND c.contype <> 'n'
    ),
    'indexes', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', x.relname,
            'def', pg_get_indexdef(i.indexrelid),
            'valid', i.indisvalid
        ) ORDER BY x.relname COLLATE "C"), '[]')
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = t.oid
    )
)), '{}')
FROM pg_class t
WHERE t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace;
