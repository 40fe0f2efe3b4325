-- What pg_dump leaves out of a migration, one row for each: its kind and its name.
SELECT 'owner', o.rolname::text || ' of ' || n || CASE n WHEN 1 THEN ' relation' ELSE ' relations' END
  FROM (SELECT c.relowner, count(*) AS n
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND s.nspname <> 'information_schema' AND s.nspname !~ '^pg_'
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
         GROUP BY c.relowner) r JOIN pg_catalog.pg_roles o ON o.oid = r.relowner
 WHERE o.rolname <> current_user
UNION ALL
SELECT 'tablespace', t.spcname || ' of ' || pg_catalog.format('%I.%I', s.nspname, c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
 WHERE c.oid >= 16384 AND s.nspname !~ '^pg_'
UNION ALL
SELECT 'subscription', pg_catalog.quote_ident(subname)
  FROM pg_catalog.pg_subscription WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
UNION ALL
SELECT 'security label', objtype || ' ' || objname FROM pg_catalog.pg_seclabels
UNION ALL
SELECT 'setting of the database', pg_catalog.split_part(c, '=', 1) || CASE WHEN setrole = 0 THEN '' ELSE ' for ' || setrole::regrole::text END
  FROM pg_catalog.pg_db_role_setting, pg_catalog.unnest(setconfig) c
 WHERE setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
ORDER BY 1, 2
