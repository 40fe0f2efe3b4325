-- Privileges that were granted or revoked, one row for each, except the defaults and those that initdb or an extension's script set.
-- Run this with search_path = pg_catalog.
--
--   kind, name          of the line that a catalog must have for the row to count, or empty
--   what                "grant", "revoked privilege", "default privilege"
--   object              "table public.t", "function public.f(integer)"; for default privileges "tables in schema app"
--   part                the column's name, or empty
--   by                  the role whose default privileges these are, empty for the current user
--   grantee             the role in GRANT's form
--   own                 whether the grantee is the object's owner
--   privilege           "SELECT"
--   grantable           whether it was granted WITH GRANT OPTION
WITH o (kind, name, object, part, acl, owner, type, classid, objid, objsubid) AS (
  SELECT coalesce(r.kind, k.kind), coalesce(r.name, q.name), k.kind || ' ' || q.name, '', c.relacl, c.relowner, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END,
    'pg_class'::regclass, c.oid, 0
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)) q (name)
  CROSS JOIN LATERAL (SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
    WHEN 'S' THEN 'sequence' ELSE 'table' END) k (kind)
  -- A catalog has no line for an identity column's sequence.
  LEFT JOIN LATERAL (
    SELECT 'column', quote_ident(tn.nspname) || '.' || quote_ident(t.relname) || '.' || quote_ident(a.attname)
    FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i' AND c.relkind = 'S') r (kind, name) ON true
  WHERE c.relacl IS NOT NULL
  UNION ALL
  SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END, q.name,
    'table ' || q.name, quote_ident(a.attname), a.attacl, c.relowner, 'c', 'pg_class'::regclass, c.oid, a.attnum
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)) q (name)
  WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
  UNION ALL
  SELECT CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END, q.name,
    CASE p.prokind WHEN 'a' THEN 'aggregate ' WHEN 'p' THEN 'procedure ' ELSE 'function ' END || q.name, '', p.proacl, p.proowner, 'f', 'pg_proc'::regclass, p.oid, 0
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  CROSS JOIN LATERAL (SELECT quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')') q (name)
  WHERE p.proacl IS NOT NULL
  UNION ALL
  SELECT k.kind, quote_ident(ln.nspname) || '.' || quote_ident(l.typname), 'type ' || quote_ident(n.nspname) || '.' || quote_ident(t.typname), '',
    t.typacl, t.typowner, 'T', 'pg_type'::regclass, t.oid, 0
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  -- A multirange shares the line of its range.
  LEFT JOIN pg_range r ON t.typtype = 'm' AND to_jsonb(r) ->> 'rngmultitypid' = t.oid::text
  JOIN pg_type l ON l.oid = coalesce(r.rngtypid, t.oid) JOIN pg_namespace ln ON ln.oid = l.typnamespace
  CROSS JOIN LATERAL (SELECT CASE l.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' ELSE 'type' END) k (kind)
  WHERE t.typacl IS NOT NULL
  UNION ALL
  SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE 'schema' END, quote_ident(n.nspname), 'schema ' || quote_ident(n.nspname), '', n.nspacl, n.nspowner, 'n',
    'pg_namespace'::regclass, n.oid, 0
  FROM pg_namespace n WHERE n.nspacl IS NOT NULL AND left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'
  UNION ALL
  SELECT 'language', quote_ident(l.lanname), 'language ' || quote_ident(l.lanname), '', l.lanacl, l.lanowner, 'l', 'pg_language'::regclass, l.oid, 0
  FROM pg_language l WHERE l.lanacl IS NOT NULL
  UNION ALL
  SELECT 'foreign data wrapper', quote_ident(w.fdwname), 'foreign data wrapper ' || quote_ident(w.fdwname), '', w.fdwacl, w.fdwowner, 'F',
    'pg_foreign_data_wrapper'::regclass, w.oid, 0
  FROM pg_foreign_data_wrapper w WHERE w.fdwacl IS NOT NULL
  UNION ALL
  SELECT 'server', quote_ident(s.srvname), 'foreign server ' || quote_ident(s.srvname), '', s.srvacl, s.srvowner, 'S', 'pg_foreign_server'::regclass, s.oid, 0
  FROM pg_foreign_server s WHERE s.srvacl IS NOT NULL
), changed AS (
  -- The objects whose privileges aren't those that initdb or an extension gave them: of the system's, hardly any.
  SELECT o.*, i.initprivs FROM o LEFT JOIN pg_init_privs i ON i.classoid = o.classid AND i.objoid = o.objid AND i.objsubid = o.objsubid
  WHERE o.acl IS DISTINCT FROM i.initprivs
), p (kind, name, what, object, part, by, owner, grantee, privilege, grantable) AS (
  SELECT o.kind, o.name, 'grant', o.object, o.part, NULL::oid, o.owner, h.grantee, h.privilege_type, h.is_grantable
  FROM changed o CROSS JOIN LATERAL aclexplode(o.acl) h
  WHERE h.grantee <> o.owner AND NOT EXISTS (
    SELECT FROM aclexplode(coalesce(o.initprivs, acldefault(o.type::"char", o.owner))) b
    WHERE b.grantee = h.grantee AND b.privilege_type = h.privilege_type AND b.is_grantable >= h.is_grantable)
  UNION
  -- An owner may have changed since initdb.
  SELECT o.kind, o.name, 'revoked privilege', o.object, o.part, NULL, o.owner, b.grantee, b.privilege_type, false
  FROM changed o CROSS JOIN LATERAL aclexplode(coalesce(o.initprivs, acldefault(o.type::"char", o.owner))) b
  WHERE (b.grantee = 0 OR o.initprivs IS NULL AND b.grantee = o.owner) AND NOT EXISTS (
    SELECT FROM aclexplode(o.acl) h WHERE h.grantee = b.grantee AND h.privilege_type = b.privilege_type)
  UNION
  SELECT CASE WHEN n.nspname <> 'public' THEN 'schema' ELSE '' END, coalesce(quote_ident(n.nspname), ''), 'default privilege',
    CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END
      || coalesce(' in schema ' || quote_ident(n.nspname), ''), '', d.defaclrole, d.defaclrole, h.grantee, h.privilege_type, h.is_grantable
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace CROSS JOIN LATERAL aclexplode(d.defaclacl) h
  WHERE h.grantee <> d.defaclrole AND (d.defaclnamespace <> 0 OR NOT EXISTS (
    SELECT FROM aclexplode(acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) b
    WHERE b.grantee = h.grantee AND b.privilege_type = h.privilege_type AND b.is_grantable >= h.is_grantable))
  UNION
  SELECT '', '', 'default privilege', CASE d.defaclobjtype WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' END, '', d.defaclrole, d.defaclrole,
    b.grantee, 'no ' || b.privilege_type, false
  FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(acldefault(d.defaclobjtype, d.defaclrole)) b
  WHERE d.defaclnamespace = 0 AND d.defaclobjtype IN ('f', 'T') AND b.grantee = 0
    AND NOT EXISTS (SELECT FROM aclexplode(d.defaclacl) h WHERE h.grantee = 0 AND h.privilege_type = b.privilege_type)
)
SELECT p.kind, p.name, p.what, p.object, p.part, coalesce((SELECT quote_ident(rolname) FROM pg_roles WHERE oid = p.by AND rolname <> current_user), ''),
  CASE WHEN p.grantee = 0 THEN 'PUBLIC' WHEN p.grantee = p.owner AND pg_get_userbyid(p.owner) = current_user THEN 'CURRENT_USER'
    ELSE quote_ident(pg_get_userbyid(p.grantee)) END,
  p.grantee = p.owner, p.privilege, p.grantable
FROM p
ORDER BY p.what, p.object COLLATE "C", p.part COLLATE "C", p.grantee, p.privilege COLLATE "C"
