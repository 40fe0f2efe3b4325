-- Why the columns $2 of table $1 can't have twins: one row with the first reason, or none. Run it with
-- search_path = pg_catalog, so that every other name is qualified. $3 is the name of the trigger of the twins.
WITH t AS (SELECT c.* FROM pg_class c WHERE c.oid = $1::text::regclass)
SELECT why FROM (
  SELECT 1, 'the table has the columns of the type ' || format_type(t.reloftype, NULL) FROM t WHERE t.reloftype <> 0
  UNION ALL
  SELECT 2, 'the rule ' || quote_ident(r.rulename) || ' rewrites statements about the table' FROM t JOIN pg_rewrite r ON r.ev_class = t.oid
  UNION ALL
  SELECT 3, 'the trigger ' || quote_ident(g.tgname) || ' would run after ' || quote_ident($3) || ', which must be the last BEFORE trigger'
  FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal
  WHERE g.tgtype & 3 = 3 AND g.tgtype & 20 <> 0 AND g.tgname::text COLLATE "C" > $3::text -- for rows, before INSERT or UPDATE
  UNION ALL
  SELECT 4, CASE p.classid
      WHEN 'pg_rewrite'::regclass THEN (SELECT CASE v.relkind WHEN 'm' THEN 'the materialized view ' WHEN 'v' THEN 'the view ' ELSE 'a rule of ' END || v.oid::regclass
        FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class WHERE r.oid = p.objid)
      ELSE 'the ' || pg_describe_object(p.classid, p.objid, p.objsubid) END || ' uses column ' || quote_ident(a.attname)
  FROM t JOIN pg_depend p ON p.refclassid = 'pg_class'::regclass AND p.refobjid = t.oid
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.refobjsubid
  WHERE a.attname = ANY ($2::text[])
    AND p.classid NOT IN ('pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass, 'pg_publication_rel'::regclass)
    AND NOT (p.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_class c WHERE c.oid = p.objid AND c.relkind IN ('i', 'I', 'S')))
    AND NOT (p.classid = 'pg_attrdef'::regclass AND EXISTS (SELECT FROM pg_attrdef d WHERE d.oid = p.objid AND d.adrelid = t.oid AND d.adnum = a.attnum))
) AS reasons (rank, why) ORDER BY rank, why COLLATE "C" LIMIT 1
