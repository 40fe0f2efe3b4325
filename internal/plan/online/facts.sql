-- The tables of a database, with what statements about them are made of. Run it with
-- search_path = pg_catalog, so that every other name is qualified.
SELECT json_build_object(
'tables', (
  SELECT json_agg(json_build_object(
    'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'partitioned', c.relkind = 'p',
    'parent', (SELECT h.inhparent::int8 FROM pg_inherits h WHERE h.inhrelid = c.oid AND c.relispartition),
    'inherits', (SELECT json_agg(h.inhparent::int8) FROM pg_inherits h WHERE h.inhrelid = c.oid AND NOT c.relispartition),
    'comment', obj_description(c.oid, 'pg_class')) ORDER BY n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
'columns', (
  SELECT json_agg(json_build_object(
    'table', a.attrelid::int8, 'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
    'collation', CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0 THEN {{collation}} ELSE '' END,
    'base', CASE WHEN t.typtype = 'd' THEN format_type(r.oid, r.typmod) ELSE '' END, 'checked', r.checked,
    'labels', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
      WHERE e.enumtypid IN (r.oid, (SELECT y.typelem FROM pg_type y WHERE y.oid = r.oid AND y.typcategory = 'A'))),
    'notNull', a.attnotnull AND nn.conname IS NULL, 'notValid', CASE WHEN nn.conname IS NOT NULL THEN
      json_build_object('name', nn.conname, 'def', pg_get_constraintdef(nn.oid)) END, 'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END, 'virtual', a.attgenerated = 'v',
    'reads', (SELECT json_agg(DISTINCT r.attname) FROM pg_depend p JOIN pg_attribute r ON r.attrelid = p.refobjid AND r.attnum = p.refobjsubid
      WHERE a.attgenerated <> '' AND (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
          OR p.classid = 'pg_class'::regclass AND p.objid = a.attrelid AND p.objsubid = a.attnum) -- before 15
        AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid AND p.refobjsubid <> a.attnum),
    'inherited', a.attinhcount = 1 AND NOT a.attislocal,
    'identity', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' ELSE '' END,
    'comment', col_description(a.attrelid, a.attnum),
    'sequences', (
      SELECT json_agg(json_build_object('schema', sn.nspname, 'name', sc.relname, 'type', format_type(s.seqtypid, NULL), -- as in CREATE SEQUENCE
        'options', replace(replace(upper(concat_ws(' ', {{sequence}})), 'INCREMENT ', 'INCREMENT BY '), 'START ', 'START WITH ')))
      FROM pg_depend o
      JOIN pg_class sc ON sc.oid = o.objid AND sc.relkind = 'S'
      JOIN pg_namespace sn ON sn.oid = sc.relnamespace
      JOIN pg_sequence s ON s.seqrelid = sc.oid
      WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.deptype = CASE WHEN a.attidentity <> '' THEN 'i' ELSE 'a' END
        AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum)) ORDER BY a.attrelid, a.attnum)
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  JOIN pg_type t ON t.oid = a.atttypid
  CROSS JOIN LATERAL (
    WITH RECURSIVE domains(oid, typmod, checked, depth) AS (
      SELECT a.atttypid, a.atttypmod, false, 0
      UNION ALL
      SELECT y.typbasetype, y.typtypmod, m.checked OR y.typnotnull OR EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = y.oid AND k.contype = 'c'), m.depth + 1
      FROM domains m JOIN pg_type y ON y.oid = m.oid AND y.typtype = 'd')
    SELECT m.oid, m.typmod, m.checked FROM domains m ORDER BY m.depth DESC LIMIT 1) r
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND NOT nn.convalidated AND nn.conkey = ARRAY[a.attnum] -- since 18
  WHERE a.attnum > 0 AND NOT a.attisdropped),
'indexes', (
  SELECT json_agg(json_build_object(
    'oid', i.indexrelid::int8, 'table', i.indrelid::int8, 'name', ic.relname, 'unique', i.indisunique, 'valid', i.indisvalid, 'replica', i.indisreplident,
    'on', substr(pg_get_indexdef(i.indexrelid), length(concat('CREATE ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, 'INDEX ', quote_ident(ic.relname),
      ' ON ', CASE WHEN c.relkind = 'p' THEN 'ONLY ' END, quote_ident(n.nspname), '.', quote_ident(c.relname), ' ')) + 1),
    'columns', (SELECT coalesce(json_agg(a.attname ORDER BY k.n), '[]') FROM unnest(i.indkey) WITH ORDINALITY k(num, n)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num WHERE k.n <= i.indnkeyatts),
    'reads', (SELECT coalesce(json_agg(a.attname), '[]') FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (a.attnum = ANY (i.indkey)
      OR EXISTS (SELECT FROM pg_depend p WHERE p.classid = 'pg_class'::regclass AND p.objid = i.indexrelid
        AND p.refclassid = 'pg_class'::regclass AND p.refobjid = i.indrelid AND p.refobjsubid = a.attnum))),
    'keys', (SELECT json_agg(pg_get_indexdef(i.indexrelid, n, false) ORDER BY n) FROM generate_series(1, i.indnkeyatts) n),
    'predicate', pg_get_expr(i.indpred, i.indrelid), 'nullsEqual', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false), -- since 15
    'expressions', i.indexprs IS NOT NULL, 'parent', (SELECT h.inhparent::int8 FROM pg_inherits h WHERE h.inhrelid = i.indexrelid),
    'users', (SELECT coalesce(json_agg(f.conrelid::regclass || '.' || quote_ident(f.conname) ORDER BY f.conrelid::regclass::text, f.conname), '[]')
      FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = i.indexrelid AND f.conparentid = 0),
    'comment', obj_description(i.indexrelid, 'pg_class')) ORDER BY ic.relname)
  FROM pg_index i
  JOIN pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_class c ON c.oid = i.indrelid AND c.relkind IN ('r', 'p')
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
'constraints', (
  SELECT json_agg(json_build_object(
    'table', k.conrelid::int8, 'name', k.conname, 'kind', k.contype, 'def', pg_get_constraintdef(k.oid), 'valid', k.convalidated, 'inherited', k.coninhcount > 0,
    'index', CASE WHEN k.contype IN ('p', 'u', 'x') THEN k.conindid::int8 ELSE 0 END,
    'references', CASE WHEN k.contype = 'f' THEN k.confrelid::int8 ELSE 0 END, 'key', CASE WHEN k.contype = 'f' THEN k.conindid::int8 ELSE 0 END,
    'columns', (SELECT coalesce(json_agg(a.attname ORDER BY u.n), '[]') FROM unnest(k.conkey) WITH ORDINALITY u(num, n)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
    'refColumns', (SELECT coalesce(json_agg(a.attname ORDER BY u.n), '[]') FROM unnest(k.confkey) WITH ORDINALITY u(num, n)
      JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num),
    'deferrable', CASE WHEN k.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END,
    'comment', obj_description(k.oid, 'pg_constraint')) ORDER BY k.conname)
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid AND c.relkind IN ('r', 'p')
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
    AND NOT (k.contype = 'f' AND k.conparentid <> 0
      AND EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid))),
'relations', (SELECT json_agg(quote_ident(n.nspname) || '.' || quote_ident(c.relname)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')
)
