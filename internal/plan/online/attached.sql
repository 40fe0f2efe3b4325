-- What is dropped with table $1: its triggers, rules, policies, statistics, and its places in publications, each with
-- the statements that create it again, the one that drops it, and the columns that it names. Run it with
-- search_path = pg_catalog, so that every other name is qualified.
WITH t AS (SELECT $1::text::regclass AS oid),
found(kind, name, class, id, of, definition, state) AS (
  SELECT 'trigger', quote_ident(g.tgname), 'pg_trigger', g.oid, ' ON ' || t.oid, pg_get_triggerdef(g.oid),
    'ALTER TABLE ' || t.oid || CASE g.tgenabled WHEN 'D' THEN ' DISABLE' WHEN 'R' THEN ' ENABLE REPLICA' WHEN 'A' THEN ' ENABLE ALWAYS' END || ' TRIGGER ' || quote_ident(g.tgname)
  FROM t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND COALESCE(to_jsonb(g) ->> 'tgparentid', '0') = '0' -- since 13
  UNION ALL
  SELECT 'rule', quote_ident(r.rulename), 'pg_rewrite', r.oid, ' ON ' || t.oid, rtrim(pg_get_ruledef(r.oid), ';'),
    'ALTER TABLE ' || t.oid || CASE r.ev_enabled WHEN 'D' THEN ' DISABLE' WHEN 'R' THEN ' ENABLE REPLICA' WHEN 'A' THEN ' ENABLE ALWAYS' END || ' RULE ' || quote_ident(r.rulename)
  FROM t JOIN pg_rewrite r ON r.ev_class = t.oid
  UNION ALL
  SELECT 'policy', quote_ident(p.polname), 'pg_policy', p.oid, ' ON ' || t.oid, concat_ws(' ', 'CREATE POLICY', quote_ident(p.polname), 'ON', t.oid,
    'AS', CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    'FOR', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    'TO', (SELECT string_agg(CASE u.role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(u.role)) END, ', ' ORDER BY u.n) FROM unnest(p.polroles) WITH ORDINALITY u(role, n)),
    'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', 'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'), NULL
  FROM t JOIN pg_policy p ON p.polrelid = t.oid
  UNION ALL
  SELECT 'statistics', quote_ident(n.nspname) || '.' || quote_ident(s.stxname), 'pg_statistic_ext', s.oid, '', pg_get_statisticsobjdef(s.oid),
    'ALTER STATISTICS ' || quote_ident(n.nspname) || '.' || quote_ident(s.stxname) || ' SET STATISTICS ' || NULLIF((to_jsonb(s) ->> 'stxstattarget')::int, -1)
  FROM t JOIN pg_statistic_ext s ON s.stxrelid = t.oid JOIN pg_namespace n ON n.oid = s.stxnamespace
  UNION ALL
  SELECT 'publication', quote_ident(p.pubname), 'pg_publication_rel', r.oid, '', concat('ALTER PUBLICATION ', quote_ident(p.pubname), ' ADD TABLE ONLY ', t.oid,
    ' (' || CASE WHEN to_jsonb(r) ->> 'prattrs' IS NOT NULL -- since 15
      THEN (SELECT string_agg(quote_ident(a.name), ', ') FROM jsonb_array_elements_text(to_jsonb(v) -> 'attnames') a(name)) END || ')',
    ' WHERE (' || (to_jsonb(v) ->> 'rowfilter') || ')'), NULL
  FROM t JOIN pg_publication_rel r ON r.prrelid = t.oid JOIN pg_publication p ON p.oid = r.prpubid
  JOIN pg_publication_tables v ON v.pubname = p.pubname AND (quote_ident(v.schemaname) || '.' || quote_ident(v.tablename))::regclass = t.oid)
SELECT kind || ' ' || name AS what, array_remove(ARRAY[definition, state,
    CASE WHEN kind <> 'publication' THEN 'COMMENT ON ' || upper(kind) || ' ' || name || of || ' IS ' || quote_literal(obj_description(id, class)) END], NULL) AS create,
  CASE kind WHEN 'publication' THEN 'ALTER PUBLICATION ' || name || ' DROP TABLE ONLY ' || t.oid ELSE 'DROP ' || upper(kind) || ' ' || name || of END AS drop,
  (SELECT coalesce(array_agg(DISTINCT a.attname::text), '{}') FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
   WHERE d.classid = class::regclass AND d.objid = id AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid) AS columns
FROM found, t ORDER BY kind COLLATE "C", name COLLATE "C"
