-- The unmanaged properties of managed tables, each with the action that sets it. Run this with search_path = pg_catalog.
WITH t AS (
  SELECT c.*, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND c.reloftype = 0 AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), a AS (
  -- The first condition is cheap and leaves out the system's columns, most of them all.
  SELECT * FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped
), settings(rank, kind, schema, rel, name, what, value, action) AS (
  SELECT 0, 'table', t.nspname, t.relname, '', 'unlogged', '', 'SET UNLOGGED' FROM t WHERE relpersistence = 'u'
  UNION ALL
  SELECT 0, 'table', t.nspname, t.relname, '', 'storage parameters', o.list, 'SET (' || o.list || ')'
  FROM t, LATERAL (
    SELECT string_agg(o.prefix || quote_ident(split_part(o.opt, '=', 1)) || '=' || quote_literal(substr(o.opt, strpos(o.opt, '=') + 1)), ', ' ORDER BY o.prefix, o.opt) list
    FROM (SELECT '' AS prefix, unnest(t.reloptions) AS opt
          UNION ALL SELECT 'toast.', unnest(tc.reloptions) FROM pg_class tc WHERE tc.oid = t.reltoastrelid) o) o
  WHERE o.list IS NOT NULL
  UNION ALL
  SELECT 0, 'table', t.nspname, t.relname, '', 'row security', '', 'ENABLE ROW LEVEL SECURITY' FROM t WHERE relrowsecurity
  UNION ALL
  SELECT 0, 'table', t.nspname, t.relname, '', 'forced row security', '', 'FORCE ROW LEVEL SECURITY' FROM t WHERE relforcerowsecurity
  UNION ALL
  SELECT 0, 'table', t.nspname, t.relname, '', 'replica identity', relreplident::text,
    'REPLICA IDENTITY ' || CASE relreplident WHEN 'n' THEN 'NOTHING' ELSE 'FULL' END FROM t WHERE relreplident IN ('n', 'f')
  UNION ALL
  SELECT 1, 'column', t.nspname, t.relname, a.attname::text, 'storage', a.attstorage::text,
    'SET STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
  FROM t JOIN a ON a.attrelid = t.oid
  JOIN pg_type ty ON ty.oid = a.atttypid AND ty.typstorage <> a.attstorage
  UNION ALL
  SELECT 1, 'column', t.nspname, t.relname, a.attname::text, 'compression', to_jsonb(a) ->> 'attcompression',
    'SET COMPRESSION ' || CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz' ELSE 'lz4' END
  FROM t JOIN a ON a.attrelid = t.oid
  WHERE to_jsonb(a) ->> 'attcompression' IN ('p', 'l')
  UNION ALL
  SELECT 1, 'column', t.nspname, t.relname, a.attname::text, 'statistics target', a.attstattarget::text, 'SET STATISTICS ' || a.attstattarget
  FROM t JOIN a ON a.attrelid = t.oid WHERE coalesce(a.attstattarget, -1) >= 0
  UNION ALL
  SELECT 1, 'column', t.nspname, t.relname, a.attname::text, 'options', array_to_string(a.attoptions, ', '), 'SET (' || array_to_string(a.attoptions, ', ') || ')'
  FROM t JOIN a ON a.attrelid = t.oid WHERE a.attoptions IS NOT NULL
  UNION ALL
  SELECT 1, 'column', t.nspname, t.relname, a.attname::text, 'sequence options', o.list, o.list
  FROM t JOIN a ON a.attrelid = t.oid AND a.attidentity <> ''
  JOIN pg_depend p ON p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass AND p.deptype = 'i'
    AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum
  JOIN pg_sequence s ON s.seqrelid = p.objid, LATERAL (SELECT concat_ws(' ',
      CASE WHEN s.seqtypid <> a.atttypid THEN 'SET AS ' || format_type(s.seqtypid, NULL) END,
      -- The start extends the bounds, as in the schema file.
      'SET MINVALUE ' || NULLIF(s.seqmin, CASE WHEN s.seqincrement > 0 THEN least(1, s.seqstart) ELSE {{lowest}} END),
      'SET MAXVALUE ' || NULLIF(s.seqmax, CASE WHEN s.seqincrement < 0 THEN greatest(-1, s.seqstart) ELSE {{highest}} END),
      'SET CACHE ' || NULLIF(s.seqcache, 1), CASE WHEN s.seqcycle THEN 'SET CYCLE' END) AS list) o
  WHERE o.list <> ''
  UNION ALL
  -- Constraints that are NOT NULL are in pg_constraint from PostgreSQL 18 on.
  SELECT 2, 'column', t.nspname, t.relname, a.attname::text, 'NOT NULL' || p.list, '',
    'DROP NOT NULL, ADD CONSTRAINT ' || quote_ident(k.conname) || ' NOT NULL ' || quote_ident(a.attname) || p.list
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'n' JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1],
    LATERAL (SELECT concat(CASE WHEN k.connoinherit THEN ' NO INHERIT' END, CASE WHEN NOT k.convalidated THEN ' NOT VALID' END) AS list) p
  WHERE p.list <> ''
  UNION ALL
  SELECT 3, 'index', t.nspname, t.relname, ic.relname::text, 'storage parameters', o.list, 'SET (' || o.list || ')'
  FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class ic ON ic.oid = i.indexrelid, LATERAL (
    -- In their order, which an index's definition shows.
    SELECT string_agg(quote_ident(split_part(o, '=', 1)) || '=' || quote_literal(substr(o, strpos(o, '=') + 1)), ', ' ORDER BY number) AS list
    FROM unnest(ic.reloptions) WITH ORDINALITY AS u (o, number) WHERE split_part(o, '=', 1) <> 'pages_per_range') o
  WHERE o.list IS NOT NULL
  UNION ALL
  SELECT 3, 'index', t.nspname, t.relname, ic.relname::text, 'statistics target of column ' || a.attnum, a.attstattarget::text,
    'ALTER COLUMN ' || a.attnum || ' SET STATISTICS ' || a.attstattarget
  FROM t JOIN pg_index i ON i.indrelid = t.oid AND i.indexprs IS NOT NULL JOIN pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_attribute a ON a.attrelid = ic.oid AND coalesce(a.attstattarget, -1) >= 0
  UNION ALL
  SELECT 4, 'mark', t.nspname, t.relname, ic.relname::text, 'clustered', '', 'CLUSTER ON '
  FROM t JOIN pg_index i ON i.indrelid = t.oid AND i.indisclustered JOIN pg_class ic ON ic.oid = i.indexrelid
  UNION ALL
  SELECT 4, 'mark', t.nspname, t.relname, ic.relname::text, 'replica identity', '', 'REPLICA IDENTITY USING INDEX '
  FROM t JOIN pg_index i ON i.indrelid = t.oid AND i.indisreplident JOIN pg_class ic ON ic.oid = i.indexrelid
  UNION ALL
  SELECT 5, 'comment on constraint', t.nspname, t.relname, k.conname::text, 'comment', quote_literal(d.description), 'IS ' || quote_literal(d.description)
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid
  JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid
  UNION ALL
  SELECT 5, 'comment on index', t.nspname, t.relname, ic.relname::text, 'comment', quote_literal(d.description), 'IS ' || quote_literal(d.description)
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'x') JOIN pg_class ic ON ic.oid = k.conindid
  JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = ic.oid AND d.objsubid = 0
  UNION ALL
  SELECT 5, 'comment on enum', n.nspname, ty.typname, '', 'comment', quote_literal(d.description), 'IS ' || quote_literal(d.description)
  FROM pg_type ty JOIN pg_namespace n ON n.oid = ty.typnamespace
  JOIN pg_description d ON d.classoid = 'pg_type'::regclass AND d.objoid = ty.oid
  WHERE ty.typtype = 'e' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = ty.oid AND e.deptype = 'e')
)
SELECT json_build_object(
'settings', (SELECT json_agg(s ORDER BY s.rank, s.kind, s.schema, s.rel, s.name, s.what) FROM settings s),
'constraints', (
  SELECT json_agg(json_build_object('schema', t.nspname, 'table', t.relname, 'name', k.conname, 'kind', k.contype,
    'def', pg_get_constraintdef(k.oid), 'comment', CASE WHEN k.contype = 'u' THEN quote_literal(obj_description(k.conindid, 'pg_class')) END) ORDER BY t.nspname, t.relname, k.conname)
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')),
-- Generated columns, with the statement that makes a stored one virtual: it creates the column and its checks again.
'generated', (
  SELECT json_agg(json_build_object('schema', t.nspname, 'table', t.relname, 'name', a.attname, 'virtual', a.attgenerated = 'v',
    'indexed', EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.refobjsubid = a.attnum
      AND (d.classid = 'pg_class'::regclass OR d.classid = 'pg_constraint'::regclass AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.contype NOT IN ('c', 'n')))),
    'recreate', concat('ALTER TABLE ', quote_ident(t.nspname), '.', quote_ident(t.relname), ' DROP COLUMN ', quote_ident(a.attname), ', ADD COLUMN ', quote_ident(a.attname), ' ',
      format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> ty.typcollation THEN ' COLLATE ' || {{collation}} END,
      ' GENERATED ALWAYS AS (', pg_get_expr(e.adbin, e.adrelid), ') VIRTUAL', CASE WHEN a.attnotnull THEN ' NOT NULL' END,
      (SELECT string_agg(', ADD CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
       FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'c' AND a.attnum = ANY (k.conkey)),
      '; COMMENT ON COLUMN ' || quote_ident(t.nspname) || '.' || quote_ident(t.relname) || '.' || quote_ident(a.attname) || ' IS ' ||
        quote_literal(col_description(t.oid, a.attnum)))) ORDER BY t.nspname, t.relname, a.attnum)
  FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attgenerated <> '' AND NOT a.attisdropped
  JOIN pg_type ty ON ty.oid = a.atttypid JOIN pg_attrdef e ON e.adrelid = t.oid AND e.adnum = a.attnum),
-- Options of sequences that differ from those of a new serial column.
'sequences', (
  SELECT json_agg(json_build_object('name', quote_ident(n.nspname) || '.' || quote_ident(c.relname),
    'options', concat_ws(' ',
      'INCREMENT BY ' || NULLIF(s.seqincrement, 1),
      CASE WHEN s.seqincrement < 0 AND s.seqmin = {{lowest}} THEN 'NO MINVALUE' ELSE 'MINVALUE ' || NULLIF(s.seqmin, 1) END,
      CASE WHEN s.seqincrement < 0 AND s.seqmax = -1 THEN 'NO MAXVALUE' ELSE 'MAXVALUE ' || NULLIF(s.seqmax, {{highest}}) END,
      'START WITH ' || NULLIF(s.seqstart, 1), 'CACHE ' || NULLIF(s.seqcache, 1), CASE WHEN s.seqcycle THEN 'CYCLE' END),
    'comment', coalesce(quote_literal(obj_description(c.oid, 'pg_class')), '')) ORDER BY n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  JOIN pg_sequence s ON s.seqrelid = c.oid)
)
