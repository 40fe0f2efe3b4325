-- relations
SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.relpersistence::text, c.relfilenode, c.reltablespace, c.relam,
  CASE WHEN c.relispartition THEN coalesce(i.inhparent, 0) ELSE 0 END,
  c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text, coalesce(c.reloptions, '{}'),
  coalesce(d.refobjid, 0), coalesce(d.refobjsubid, 0)::int2, coalesce(d.deptype::text, ''),
  coalesce(pg_get_expr(c.relpartbound, c.oid), ''), c.relowner,
  c.relhassubclass AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid), coalesce(c.relacl::text[], '{}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
LEFT JOIN pg_depend d ON c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
  AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I', 'c') AND n.nspname <> 'information_schema'
  AND (n.nspname !~ '^pg_' OR n.oid = pg_my_temp_schema());

-- columns
SELECT a.attrelid, a.attnum, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), a.atttypmod, a.attnotnull,
  coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity::text, a.attgenerated::text, a.attcollation, t.typtype::text, a.attislocal,
  t.typlen, t.typalign::text
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c');

-- constraints
SELECT c.oid, c.conname, c.contype::text, c.conrelid, c.contypid, c.confrelid, c.convalidated, coalesce(c.conkey, '{}'),
  coalesce(c.confkey, '{}'), c.conindid, c.conislocal, c.conparentid, pg_get_constraintdef(c.oid)
FROM pg_constraint c WHERE c.oid >= 16384 AND c.contype IN ('c', 'f', 'p', 'u', 'x');

-- unvalidated
SELECT c.oid, c.conrelid, c.conkey[1] FROM pg_constraint c WHERE c.oid >= 16384 AND c.contype = 'n' AND NOT c.convalidated;

-- indexes
SELECT x.indexrelid, x.indrelid, x.indisunique, x.indisprimary, x.indisexclusion, x.indisvalid, x.indkey::int2[], x.indnkeyatts,
  x.indexprs IS NOT NULL, coalesce(pg_get_expr(x.indpred, x.indrelid), ''), x.indisreplident
FROM pg_index x WHERE x.indexrelid >= 16384 AND x.indrelid >= 16384;

-- definitions
SELECT x.indexrelid, pg_get_indexdef(x.indexrelid) FROM pg_index x WHERE x.indexrelid = ANY ($1);

-- bounds
SELECT c.oid, coalesce(pg_get_partition_constraintdef(c.oid), '') FROM pg_class c WHERE c.oid = ANY ($1);

-- sources
SELECT p.oid, coalesce(p.prosrc, '') FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid = ANY ($1) AND l.lanname IN ('plpgsql', 'sql');

-- routines
SELECT p.oid, CASE WHEN l.lanname = 'plpgsql' OR coalesce(p.prosrc, '') = '' THEN pg_get_functiondef(p.oid) ELSE '' END
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid = ANY ($1) AND l.lanname IN ('plpgsql', 'sql');

-- foreign
SELECT EXISTS (SELECT FROM pg_proc p WHERE p.oid >= 16384 AND p.proname = ANY ($1));

-- reached
WITH RECURSIVE edges AS (
  SELECT w.ev_class AS a, d.refobjid AS b FROM pg_rewrite w
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
  UNION SELECT i.inhparent, i.inhrelid FROM pg_inherits i
), rel AS (
  SELECT unnest($1::oid[]) AS oid UNION SELECT e.b FROM rel JOIN edges e ON e.a = rel.oid
)
SELECT d.refobjid FROM rel JOIN pg_rewrite w ON w.ev_class = rel.oid
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_proc'::regclass
WHERE d.refobjid >= 16384 AND (w.rulename = '_RETURN' OR $2)
UNION SELECT t.tgfoid FROM rel JOIN pg_trigger t ON t.tgrelid = rel.oid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgfoid >= 16384 AND $2
ORDER BY 1;

-- functions
SELECT p.oid, n.nspname, p.proname, oidvectortypes(p.proargtypes), p.prokind::text, p.xmin::text || '.' || p.ctid::text,
  coalesce(pg_get_function_result(p.oid), ''), coalesce(p.proacl::text[], '{}')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'));

-- types
SELECT t.oid, n.nspname, t.typname, t.typtype::text, t.typnotnull, t.typbasetype, t.typarray,
  coalesce(l.labels, '{}'), coalesce(l.oids, '{}'), CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE '' END
FROM pg_type t
LEFT JOIN (SELECT e.enumtypid, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels, array_agg(e.oid ORDER BY e.enumsortorder) AS oids
  FROM pg_enum e GROUP BY 1) l ON l.enumtypid = t.oid
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema';

-- triggers
SELECT t.oid, t.tgrelid, t.tgname, t.tgenabled::text, t.tgisinternal, coalesce((to_jsonb(t) ->> 'tgparentid')::oid,
  (SELECT d.refobjid FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.refclassid = 'pg_trigger'::regclass AND d.deptype = 'P'), 0), t.xmin::text || '.' || t.ctid::text
FROM pg_trigger t WHERE t.oid >= 16384;

-- policies
SELECT p.oid, p.polrelid, p.polname, p.polpermissive FROM pg_policy p WHERE true;

-- rules
SELECT r.oid, r.ev_class, r.rulename FROM pg_rewrite r WHERE r.oid >= 16384 AND r.rulename <> '_RETURN';

-- extensions
SELECT e.oid, e.extname, e.extversion FROM pg_extension e WHERE e.oid >= 16384;

-- schemas
SELECT n.oid, n.nspname FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema';

-- session
SELECT coalesce(array_agg(l.relation), '{}'), coalesce(array_agg(l.modes), '{}'), coalesce(array_agg(pg_stat_get_xact_numscans(l.relation)), '{}')
FROM (
  SELECT (l).relation, bit_or(CASE (l).mode WHEN 'AccessShareLock' THEN 0 WHEN 'RowShareLock' THEN 1 WHEN 'RowExclusiveLock' THEN 2
    WHEN 'ShareUpdateExclusiveLock' THEN 4 WHEN 'ShareLock' THEN 8 WHEN 'ShareRowExclusiveLock' THEN 16 WHEN 'ExclusiveLock' THEN 32
    WHEN 'AccessExclusiveLock' THEN 64 ELSE 0 END)::int2 AS modes
  FROM (SELECT pg_lock_status() OFFSET 0) s (l)
  WHERE (l).relation BETWEEN 16384 AND $1 AND (l).locktype = 'relation' AND (l).pid = pg_backend_pid() AND (l).granted
  GROUP BY 1
) l;

-- scans
SELECT oid, pg_stat_get_xact_numscans(oid) FROM pg_class
WHERE relkind IN ('r', 'm', 'p') AND pg_stat_get_xact_numscans(oid) > 0 AND oid >= 16384
  AND relnamespace <> ALL (ARRAY(SELECT oid FROM pg_namespace WHERE nspname = 'information_schema'));

-- pending
SELECT c.oid, pg_stat_get_xact_numscans(c.oid) FROM unnest($1::oid[]) c (oid) WHERE pg_stat_get_xact_numscans(c.oid) > 0;

-- users
WITH named AS (
  SELECT 'pg_class'::regclass AS class, oid FROM unnest($1::oid[]) oid
  UNION SELECT 'pg_type'::regclass, oid FROM unnest($2::oid[]) oid
  UNION SELECT 'pg_type'::regclass, c.reltype FROM pg_class c WHERE c.oid = ANY ($1) AND c.reltype <> 0
  UNION SELECT 'pg_type'::regclass, t.typarray FROM pg_class c JOIN pg_type t ON t.oid = c.reltype WHERE c.oid = ANY ($1) AND t.typarray <> 0
), used AS (
  SELECT d.classid, d.objid FROM named n JOIN pg_depend d ON d.refclassid = n.class AND d.refobjid = n.oid
)
SELECT 'relations', objid FROM used WHERE classid = 'pg_class'::regclass
UNION SELECT 'relations', x.adrelid FROM used JOIN pg_attrdef x ON x.oid = objid WHERE classid = 'pg_attrdef'::regclass
UNION SELECT 'constraints', objid FROM used WHERE classid = 'pg_constraint'::regclass
UNION SELECT 'functions', objid FROM used WHERE classid = 'pg_proc'::regclass
UNION SELECT 'types', t.oid FROM used JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass AND t.typtype = 'd'
UNION SELECT 'types', t.oid FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
  LEFT JOIN pg_class c ON c.oid = coalesce(e.typrelid, t.typrelid)
  WHERE t.oid = ANY ($2) AND (c.oid IS NULL OR c.relkind = 'c');

-- uses
SELECT coalesce(i.indrelid, k.conrelid, x.adrelid, c.oid, 0::oid), pg_describe_object(d.classid, d.objid, d.objsubid)
FROM pg_depend d
LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'p'
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_attrdef x ON d.classid = 'pg_attrdef'::regclass AND x.oid = d.objid
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = x.adrelid AND a.attnum = x.adnum AND a.attgenerated <> '')
WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = $1
  AND (i.indexrelid IS NOT NULL OR c.oid IS NOT NULL OR k.oid IS NOT NULL OR x.oid IS NOT NULL)
ORDER BY 2;
