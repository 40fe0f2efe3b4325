-- The first object that depends on the enum $1.$2 and keeps it from being replaced by another type, or no row. The
-- columns $4 of the tables $3 have the enum's type; they, their defaults, and the constraints and indexes that read them
-- are replaced with it.
WITH types AS (
  SELECT unnest(ARRAY[t.oid, t.typarray]) AS oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname = $1 AND t.typname = $2),
columns AS (
  SELECT a.attrelid, a.attnum::int AS attnum FROM unnest($3::text[], $4::text[]) u (relation, name)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = u.relation::pg_catalog.regclass AND a.attname = u.name)
SELECT (CASE WHEN f.oid IS NULL THEN pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
  ELSE pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, f.adrelid, f.adnum) END) COLLATE "C" AS object
FROM pg_catalog.pg_depend d
LEFT JOIN pg_catalog.pg_attrdef f ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = d.objid
WHERE d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid IN (SELECT oid FROM types)
  AND NOT (d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid IN (SELECT oid FROM types))
  AND NOT CASE
    WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid <> 0 THEN (d.objid, d.objsubid) IN (SELECT attrelid, attnum FROM columns)
    WHEN f.oid IS NOT NULL THEN (f.adrelid, f.adnum) IN (SELECT attrelid, attnum FROM columns)
    WHEN d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass) THEN EXISTS (
      SELECT FROM pg_catalog.pg_depend o JOIN columns c ON c.attrelid = o.refobjid AND c.attnum = o.refobjsubid
      WHERE o.classid = d.classid AND o.objid = d.objid AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
    ELSE false END
ORDER BY object LIMIT 1
