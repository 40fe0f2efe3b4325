-- Objects other than relations. relations.sql documents the columns.
-- Objects with an OID from 16384 on were not created by initdb.

-- Schemas. Those that initdb creates are only listed if they are missing.
SELECT 'schema', coalesce(quote_ident(n.nspname), 'public'), CASE WHEN n.oid IS NULL THEN 'missing' ELSE '' END, NULL,
  coalesce(n.nspname, 'public'), NULL, NULL, 'pg_namespace'::regclass::oid || ':' || coalesce(n.oid, 0) || ':0', NULL, NULL,
  CASE WHEN n.nspname = 'public' THEN 't' END
FROM pg_namespace n FULL JOIN (VALUES ('public'::name)) p (nspname) ON p.nspname = n.nspname
WHERE n.oid IS NULL OR {{user n.nspname}};

-- Extensions, without versions, which depend on the server.
SELECT 'extension', coalesce(quote_ident(e.extname), 'plpgsql'), coalesce('schema ' || quote_ident(n.nspname), 'missing'), NULL,
  NULL, NULL, coalesce(e.extname, 'plpgsql'), 'pg_extension'::regclass::oid || ':' || coalesce(e.oid, 0) || ':0', NULL, NULL,
  CASE WHEN e.extname = 'plpgsql' AND n.nspname = 'pg_catalog' THEN 't' END
FROM (pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace)
FULL JOIN (VALUES ('plpgsql'::name)) p (extname) ON p.extname = e.extname;

-- Objects that depend on an extension without being members.
SELECT 'dependency', o.type || ' ' || o.identity || ' on extension ' || quote_ident(e.extname), '', NULL,
  NULL, NULL, NULL, 'pg_depend'::regclass::oid || ':0:0', d.classid || ':' || d.objid, NULL, NULL
FROM pg_extension e
JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'x'
CROSS JOIN pg_identify_object(d.classid, d.objid, d.objsubid) o;

-- Functions and procedures, except those of range types.
-- If any: pg_proc WHERE oid >= 16384
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
  quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')',
  pg_get_functiondef(p.oid), NULL,
  n.nspname, NULL, p.proname, 'pg_proc'::regclass::oid || ':' || p.oid || ':0', NULL, NULL, NULL
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {{user n.nspname}} AND p.prokind IN ('f', 'p', 'w') AND p.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'));

-- Aggregates.
-- If any: pg_proc WHERE oid >= 16384 AND prokind = 'a'
SELECT 'aggregate',
  quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')',
  concat_ws(', ',
    '(' || pg_get_function_arguments(p.oid) || ')',
    'returns ' || pg_get_function_result(p.oid),
    'sfunc ' || a.aggtransfn::regprocedure,
    'stype ' || format_type(a.aggtranstype, NULL),
    'sspace ' || NULLIF(a.aggtransspace, 0),
    'finalfunc ' || NULLIF(a.aggfinalfn::oid, 0)::regprocedure,
    CASE WHEN a.aggfinalextra THEN 'finalfunc_extra' END,
    'finalfunc_modify ' || CASE a.aggfinalmodify WHEN 'r' THEN 'read_only' WHEN 's' THEN 'shareable' ELSE 'read_write' END,
    'combinefunc ' || NULLIF(a.aggcombinefn::oid, 0)::regprocedure,
    'serialfunc ' || NULLIF(a.aggserialfn::oid, 0)::regprocedure,
    'deserialfunc ' || NULLIF(a.aggdeserialfn::oid, 0)::regprocedure,
    'initcond ' || quote_literal(a.agginitval),
    'msfunc ' || NULLIF(a.aggmtransfn::oid, 0)::regprocedure,
    'minvfunc ' || NULLIF(a.aggminvtransfn::oid, 0)::regprocedure,
    'mstype ' || format_type(NULLIF(a.aggmtranstype, 0), NULL),
    'msspace ' || NULLIF(a.aggmtransspace, 0),
    'mfinalfunc ' || NULLIF(a.aggmfinalfn::oid, 0)::regprocedure,
    CASE WHEN a.aggmfinalextra THEN 'mfinalfunc_extra' END,
    'mfinalfunc_modify ' || CASE a.aggmfinalmodify WHEN 'r' THEN 'read_only' WHEN 's' THEN 'shareable' ELSE 'read_write' END,
    'minitcond ' || quote_literal(a.aggminitval),
    'sortop ' || NULLIF(a.aggsortop, 0)::regoperator,
    CASE p.proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' END,
    CASE a.aggkind WHEN 'h' THEN 'hypothetical' END), NULL,
  n.nspname, NULL, p.proname, 'pg_proc'::regclass::oid || ':' || p.oid || ':0', NULL, NULL, NULL
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_aggregate a ON a.aggfnoid = p.oid
WHERE {{user n.nspname}} AND p.oid >= 16384;

-- Enums, domains, composite types, ranges, base types.
-- If any: pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE t.oid >= 16384 AND {{standalone}}
SELECT
  CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' ELSE 'type' END,
  quote_ident(n.nspname) || '.' || quote_ident(t.typname),
  CASE t.typtype
    WHEN 'e' THEN '(' || coalesce((SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
      FROM pg_enum e WHERE e.enumtypid = t.oid), '') || ')'
    WHEN 'd' THEN concat_ws(' ',
      format_type(t.typbasetype, t.typtypmod),
      CASE WHEN t.typcollation <> b.typcollation THEN 'collate ' || {{collation t.typcollation}} END,
      CASE WHEN t.typnotnull THEN 'not null' END,
      'default ' || coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)))
    WHEN 'c' THEN '(' || coalesce((
      SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> at.typcollation THEN 'collate ' || {{collation a.attcollation}} END), ', ' ORDER BY a.attnum)
      FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid
      WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '') || ')'
    WHEN 'r' THEN (
      SELECT concat_ws(', ',
        'subtype ' || format_type(r.rngsubtype, NULL),
        CASE WHEN r.rngcollation <> st.typcollation THEN 'collate ' || {{collation r.rngcollation}} END,
        (SELECT 'subtype_opclass ' || quote_ident(opn.nspname) || '.' || quote_ident(o.opcname)
         FROM pg_opclass o JOIN pg_namespace opn ON opn.oid = o.opcnamespace WHERE o.oid = r.rngsubopc),
        'canonical ' || NULLIF(r.rngcanonical::oid, 0)::regprocedure,
        'subtype_diff ' || NULLIF(r.rngsubdiff::oid, 0)::regprocedure,
        {{multirange}})
      FROM pg_range r JOIN pg_type st ON st.oid = r.rngsubtype WHERE r.rngtypid = t.oid)
    ELSE CASE WHEN NOT t.typisdefined THEN 'shell' ELSE concat_ws(', ',
      'input ' || NULLIF(t.typinput::oid, 0)::regprocedure,
      'output ' || NULLIF(t.typoutput::oid, 0)::regprocedure,
      'receive ' || NULLIF(t.typreceive::oid, 0)::regprocedure,
      'send ' || NULLIF(t.typsend::oid, 0)::regprocedure,
      'typmod_in ' || NULLIF(t.typmodin::oid, 0)::regprocedure,
      'typmod_out ' || NULLIF(t.typmodout::oid, 0)::regprocedure,
      'analyze ' || NULLIF(t.typanalyze::oid, 0)::regprocedure,
      'subscript ' || NULLIF(to_jsonb(t) ->> 'typsubscript', '-'),
      'internallength ' || t.typlen,
      CASE WHEN t.typbyval THEN 'passedbyvalue' END,
      'alignment ' || t.typalign::text, 'storage ' || t.typstorage::text, 'category ' || quote_literal(t.typcategory::text),
      CASE WHEN t.typispreferred THEN 'preferred' END,
      'default ' || quote_literal(t.typdefault),
      'element ' || format_type(NULLIF(t.typelem, 0), NULL),
      'delimiter ' || quote_literal(t.typdelim::text),
      CASE WHEN t.typcollation <> 0 THEN 'collatable' END) END
  END, NULL,
  n.nspname, NULL, t.typname, 'pg_type'::regclass::oid || ':' || t.oid || ':0', NULL, NULL, NULL
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE {{user n.nspname}} AND t.oid >= 16384
  AND {{standalone}};

-- The attributes of composites, for their comments.
-- If any: pg_class WHERE relkind = 'c'
SELECT 'attribute', quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(a.attname), NULL, NULL,
  n.nspname, NULL, c.relname, 'pg_class'::regclass::oid || ':' || c.oid || ':' || a.attnum, 'pg_type'::regclass::oid || ':' || c.reltype, NULL, 't'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE {{user n.nspname}} AND c.relkind = 'c';

-- Constraints of domains.
-- If any: pg_constraint WHERE contypid <> 0 AND {{ours connamespace}}
SELECT 'domain constraint', quote_ident(n.nspname) || '.' || quote_ident(t.typname) || '.' || quote_ident(k.conname),
  pg_get_constraintdef(k.oid), NULL,
  n.nspname, NULL, t.typname, 'pg_constraint'::regclass::oid || ':' || k.oid || ':0', 'pg_type'::regclass::oid || ':' || t.oid, NULL, NULL
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE {{user n.nspname}} AND k.contype = 'c';

-- Collations.
-- If any: pg_collation WHERE {{ours collnamespace}}
SELECT 'collation', quote_ident(n.nspname) || '.' || quote_ident(c.collname)
    || CASE WHEN c.collencoding NOT IN (-1, pg_char_to_encoding(getdatabaseencoding())) THEN ' for ' || pg_encoding_to_char(c.collencoding) ELSE '' END,
  concat_ws(', ',
    'provider ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' ELSE c.collprovider::text END,
    CASE WHEN c.collprovider = 'c' THEN 'lc_collate ' || quote_literal(c.collcollate) || ', lc_ctype ' || quote_literal(c.collctype)
      ELSE 'locale ' || quote_literal(coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', c.collcollate)) END,
    'rules ' || quote_literal(to_jsonb(c) ->> 'collicurules'),
    CASE WHEN NOT c.collisdeterministic THEN 'not deterministic' END), NULL,
  n.nspname, NULL, c.collname, 'pg_collation'::regclass::oid || ':' || c.oid || ':0', NULL, NULL, NULL
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE {{user n.nspname}};

-- Operators.
-- If any: pg_operator WHERE {{ours oprnamespace}}
SELECT 'operator', quote_ident(n.nspname) || '.' || o.oprname || '(' || concat_ws(', ',
    coalesce(format_type(NULLIF(o.oprleft, 0), NULL), 'none'), coalesce(format_type(NULLIF(o.oprright, 0), NULL), 'none')) || ')',
  CASE WHEN o.oprcode = 0 THEN 'shell' ELSE concat_ws(', ',
    'function ' || o.oprcode::oid::regprocedure,
    'commutator ' || NULLIF(o.oprcom, 0)::regoperator, 'negator ' || NULLIF(o.oprnegate, 0)::regoperator,
    'restrict ' || NULLIF(o.oprrest::oid, 0)::regprocedure, 'join ' || NULLIF(o.oprjoin::oid, 0)::regprocedure,
    CASE WHEN o.oprcanhash THEN 'hashes' END, CASE WHEN o.oprcanmerge THEN 'merges' END) END, NULL,
  n.nspname, NULL, o.oprname, 'pg_operator'::regclass::oid || ':' || o.oid || ':0', NULL, NULL, NULL
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE {{user n.nspname}};

-- Operator classes.
-- If any: pg_opclass WHERE {{ours opcnamespace}}
SELECT 'operator class', quote_ident(n.nspname) || '.' || quote_ident(o.opcname) || ' using ' || quote_ident(am.amname),
  concat_ws(', ', CASE WHEN o.opcdefault THEN 'default' END, 'for type ' || format_type(o.opcintype, NULL),
    'family ' || quote_ident(fn.nspname) || '.' || quote_ident(f.opfname), 'storage ' || format_type(NULLIF(o.opckeytype, 0), NULL)), NULL,
  n.nspname, NULL, o.opcname, 'pg_opclass'::regclass::oid || ':' || o.oid || ':0', NULL, NULL, NULL
FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am am ON am.oid = o.opcmethod
JOIN pg_opfamily f ON f.oid = o.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
WHERE {{user n.nspname}};

-- Operator families with their operators and functions.
-- If any: pg_opfamily WHERE {{ours opfnamespace}}
SELECT 'operator family', quote_ident(n.nspname) || '.' || quote_ident(f.opfname) || ' using ' || quote_ident(am.amname),
  concat_ws(', ',
    (SELECT string_agg(concat_ws(' ', 'operator', p.amopstrategy, p.amopopr::regoperator,
        (SELECT 'for order by ' || quote_ident(sn.nspname) || '.' || quote_ident(s.opfname)
         FROM pg_opfamily s JOIN pg_namespace sn ON sn.oid = s.opfnamespace WHERE s.oid = p.amopsortfamily)),
      ', ' ORDER BY p.amopstrategy, p.amopopr::regoperator::text COLLATE "C") FROM pg_amop p WHERE p.amopfamily = f.oid),
    (SELECT string_agg(concat_ws(' ', 'function', p.amprocnum, '(' || format_type(p.amproclefttype, NULL) || ', ' || format_type(p.amprocrighttype, NULL) || ')', p.amproc::oid::regprocedure),
      ', ' ORDER BY p.amprocnum, format_type(p.amproclefttype, NULL) COLLATE "C", format_type(p.amprocrighttype, NULL) COLLATE "C")
     FROM pg_amproc p WHERE p.amprocfamily = f.oid)), NULL,
  n.nspname, NULL, f.opfname, 'pg_opfamily'::regclass::oid || ':' || f.oid || ':0', NULL, NULL, NULL
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am am ON am.oid = f.opfmethod
WHERE {{user n.nspname}};

-- Casts.
-- If any: pg_cast WHERE oid >= 16384
SELECT 'cast', '(' || format_type(c.castsource, NULL) || ' as ' || format_type(c.casttarget, NULL) || ')',
  concat_ws(' ', CASE c.castmethod WHEN 'f' THEN 'with function ' || c.castfunc::regprocedure WHEN 'i' THEN 'with inout' ELSE 'without function' END,
    CASE c.castcontext WHEN 'a' THEN 'as assignment' WHEN 'i' THEN 'as implicit' END), NULL,
  NULL, NULL, NULL, 'pg_cast'::regclass::oid || ':' || c.oid || ':0', NULL, NULL, NULL
FROM pg_cast c WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i');

-- Conversions.
-- If any: pg_conversion WHERE {{ours connamespace}}
SELECT 'conversion', quote_ident(n.nspname) || '.' || quote_ident(c.conname),
  concat_ws(' ', CASE WHEN c.condefault THEN 'default' END, 'for ' || pg_encoding_to_char(c.conforencoding),
    'to ' || pg_encoding_to_char(c.contoencoding), 'from ' || c.conproc::oid::regprocedure), NULL,
  n.nspname, NULL, c.conname, 'pg_conversion'::regclass::oid || ':' || c.oid || ':0', NULL, NULL, NULL
FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE {{user n.nspname}};

-- Text search.
-- If any: pg_ts_config WHERE {{ours cfgnamespace}}
SELECT 'text search configuration', quote_ident(n.nspname) || '.' || quote_ident(c.cfgname),
  concat_ws(', ', 'parser ' || quote_ident(pn.nspname) || '.' || quote_ident(p.prsname),
    (SELECT string_agg(m.line, ', ' ORDER BY m.line COLLATE "C") FROM (
      SELECT tt.alias || ' with ' || string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno)
      FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) tt ON tt.tokid = m.maptokentype
      WHERE m.mapcfg = c.oid GROUP BY tt.alias) m (line))), NULL,
  n.nspname, NULL, c.cfgname, 'pg_ts_config'::regclass::oid || ':' || c.oid || ':0', NULL, NULL, NULL
FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
JOIN pg_ts_parser p ON p.oid = c.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace
WHERE {{user n.nspname}};

-- If any: pg_ts_dict WHERE {{ours dictnamespace}}
SELECT 'text search dictionary', quote_ident(n.nspname) || '.' || quote_ident(d.dictname),
  concat_ws(', ', 'template ' || quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname), d.dictinitoption), NULL,
  n.nspname, NULL, d.dictname, 'pg_ts_dict'::regclass::oid || ':' || d.oid || ':0', NULL, NULL, NULL
FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
WHERE {{user n.nspname}};

-- If any: pg_ts_parser WHERE {{ours prsnamespace}}
SELECT 'text search parser', quote_ident(n.nspname) || '.' || quote_ident(p.prsname),
  concat_ws(', ', 'start ' || p.prsstart, 'gettoken ' || p.prstoken, 'end ' || p.prsend, 'lextypes ' || p.prslextype,
    'headline ' || NULLIF(p.prsheadline::oid, 0)::regproc), NULL,
  n.nspname, NULL, p.prsname, 'pg_ts_parser'::regclass::oid || ':' || p.oid || ':0', NULL, NULL, NULL
FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE {{user n.nspname}};

-- If any: pg_ts_template WHERE {{ours tmplnamespace}}
SELECT 'text search template', quote_ident(n.nspname) || '.' || quote_ident(t.tmplname),
  concat_ws(', ', 'init ' || NULLIF(t.tmplinit::oid, 0)::regproc, 'lexize ' || t.tmpllexize), NULL,
  n.nspname, NULL, t.tmplname, 'pg_ts_template'::regclass::oid || ':' || t.oid || ':0', NULL, NULL, NULL
FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE {{user n.nspname}};

-- Languages, transforms, access methods.
SELECT 'language', quote_ident(l.lanname),
  concat_ws(', ', CASE WHEN l.lanpltrusted THEN 'trusted' END, 'handler ' || NULLIF(l.lanplcallfoid, 0)::regprocedure,
    'inline ' || NULLIF(l.laninline, 0)::regprocedure, 'validator ' || NULLIF(l.lanvalidator, 0)::regprocedure), NULL,
  NULL, NULL, l.lanname, 'pg_language'::regclass::oid || ':' || l.oid || ':0', NULL, NULL, NULL
FROM pg_language l WHERE l.oid >= 16384;

-- If any: pg_transform
SELECT 'transform', 'for ' || format_type(t.trftype, NULL) || ' language ' || quote_ident(l.lanname),
  concat_ws(', ', 'from sql with ' || NULLIF(t.trffromsql::oid, 0)::regprocedure, 'to sql with ' || NULLIF(t.trftosql::oid, 0)::regprocedure), NULL,
  NULL, NULL, NULL, 'pg_transform'::regclass::oid || ':' || t.oid || ':0', NULL, NULL, NULL
FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang;

SELECT 'access method', quote_ident(a.amname), CASE a.amtype WHEN 't' THEN 'table' ELSE 'index' END || ' handler ' || a.amhandler, NULL,
  NULL, NULL, a.amname, 'pg_am'::regclass::oid || ':' || a.oid || ':0', NULL, NULL, NULL
FROM pg_am a WHERE a.oid >= 16384;

-- Event triggers.
-- If any: pg_event_trigger
SELECT 'event trigger', quote_ident(e.evtname),
  concat_ws(' ', 'on ' || e.evtevent,
    'when tag in (' || (SELECT string_agg(quote_literal(t), ', ' ORDER BY t COLLATE "C") FROM unnest(e.evttags) t) || ')',
    'execute function ' || e.evtfoid::regprocedure),
  CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' END,
  NULL, NULL, e.evtname, 'pg_event_trigger'::regclass::oid || ':' || e.oid || ':0', NULL, NULL, NULL
FROM pg_event_trigger e;

-- Foreign data. Only its owner may read the options of a user mapping.
-- If any: pg_foreign_data_wrapper
SELECT 'foreign data wrapper', quote_ident(w.fdwname),
  concat_ws(', ', 'handler ' || NULLIF(w.fdwhandler, 0)::regprocedure, 'validator ' || NULLIF(w.fdwvalidator, 0)::regprocedure, {{options w.fdwoptions}}), NULL,
  NULL, NULL, w.fdwname, 'pg_foreign_data_wrapper'::regclass::oid || ':' || w.oid || ':0', NULL, NULL, NULL
FROM pg_foreign_data_wrapper w;

-- If any: pg_foreign_server
SELECT 'server', quote_ident(s.srvname),
  concat_ws(', ', 'type ' || quote_literal(s.srvtype), 'version ' || quote_literal(s.srvversion), 'foreign data wrapper ' || quote_ident(w.fdwname), {{options s.srvoptions}}), NULL,
  NULL, NULL, s.srvname, 'pg_foreign_server'::regclass::oid || ':' || s.oid || ':0', NULL, NULL, NULL
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw;

-- If any: pg_foreign_server
SELECT 'user mapping', 'for ' || CASE WHEN m.umuser = 0 THEN 'public' ELSE quote_ident(m.usename) END || ' server ' || quote_ident(m.srvname), '', NULL,
  NULL, NULL, NULL, 'pg_user_mapping'::regclass::oid || ':' || m.umid || ':0', 'pg_foreign_server'::regclass::oid || ':' || m.srvid, NULL, NULL
FROM pg_user_mappings m;

-- Logical replication.
-- If any: pg_publication
SELECT 'publication', quote_ident(p.pubname),
  concat_ws(', ', CASE WHEN p.puballtables THEN 'for all tables' END,
    'publish ' || quote_literal(concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
      CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END)),
    {{viaroot}},
    'publish_generated_columns ' || NULLIF(to_jsonb(p) ->> 'pubgencols', 'n')), NULL,
  NULL, NULL, p.pubname, 'pg_publication'::regclass::oid || ':' || p.oid || ':0', NULL, NULL, NULL
FROM pg_publication p;

-- If any: pg_publication_rel
SELECT 'publication table', quote_ident(p.pubname) || ' ' || r.prrelid::regclass, {{published}}, NULL,
  n.nspname, c.relname, p.pubname, 'pg_publication_rel'::regclass::oid || ':' || r.oid || ':0', 'pg_class'::regclass::oid || ':' || c.oid, NULL, NULL
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace;

-- If any: pg_publication_namespace
{{schemapublications}}

-- If any: pg_subscription
{{subscriptions}}
