package catalog

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

//go:embed relations.sql
var relationsSQL string

//go:embed objects.sql
var objectsSQL string

var placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{(\w+)((?: [\w.]+)*)\}\}`) })

// A query reads the objects of a kind. Most databases have none of most kinds, and planning a query takes longer than
// running it, so it runs only if there are rows of its guard, which follows SELECT FROM. Without a guard, it always
// runs.
type query struct{ sql, guard string }

// queries returns the queries that read a catalog from a server of the major version. If columns is set, they also
// return the columns of each key.
func queries(major int, columns bool) []query {
	since := func(first int, sql, otherwise string) string {
		if major >= first {
			return sql
		}
		return otherwise
	}
	expand := func(m string) string {
		part := placeholder().FindStringSubmatch(m)
		args := strings.Fields(part[2])
		switch part[1] {
		case "user":
			return userSQL(args[0])
		case "ours":
			return args[0] + " = ANY ((SELECT oids FROM ours)::oid[])"
		case "standalone":
			return standaloneSQL
		case "reloptions":
			return fmt.Sprintf(`CASE WHEN %[1]s IS NOT NULL THEN (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(%[1]s) o) END`, args[0])
		case "options":
			// The lines are committed and printed, so hide options whose names suggest a secret.
			return fmt.Sprintf(`CASE WHEN %[1]s IS NOT NULL THEN (SELECT 'options (' || string_agg(quote_ident(option_name) || ' ' ||
				CASE WHEN option_name ~* 'passw|passphrase|secret|credential|token' THEN '***' ELSE quote_literal(option_value) END,
				', ' ORDER BY option_name COLLATE "C") || ')' FROM pg_options_to_table(%[1]s)) END`, args[0])
		case "sequence":
			return SequenceSQL
		case "index":
			return indexStateSQL
		case "cols":
			if !columns {
				return "NULL"
			}
			return fmt.Sprintf("(SELECT json_agg(ca.attname) FROM pg_attribute ca WHERE ca.attrelid = %s AND ca.attnum = ANY (%s))", args[0], args[1])
		case "collation":
			return since(13, args[0]+"::regcollation", CollationSQL(args[0]))
		case "parenttrigger":
			return since(13, "g.tgparentid", parentTriggerSQL)
		case "statisticstarget":
			return since(13, "CASE WHEN coalesce(x.stxstattarget, -1) >= 0 THEN 'statistics ' || x.stxstattarget END", "NULL::text")
		case "viaroot":
			return since(13, "CASE WHEN p.pubviaroot THEN 'publish_via_partition_root' END", "NULL::text")
		case "compression":
			return since(14, "CASE a.attcompression WHEN 'p' THEN 'compression pglz' WHEN 'l' THEN 'compression lz4' END", "NULL::text")
		case "detaching":
			return since(14, "(SELECT 'detach pending' FROM pg_inherits h WHERE h.inhrelid = c.oid AND h.inhdetachpending)", "NULL")
		case "multirange":
			return since(14, multirangeSQL, "NULL")
		case "subscriptions":
			return since(14, subscriptionSQL, "") // older servers show them only to superusers
		case "published":
			return since(15, publishedSQL, "''")
		case "schemapublications":
			return since(15, publishedSchemaSQL, "")
		case "notnull":
			return since(18, notNullSQL, "''")
		}
		panic("catalog: unknown placeholder " + m) // only the embedded queries are expanded, each time all of them
	}
	expandAll := func(sql string) string {
		return placeholder().ReplaceAllStringFunc(sql, func(m string) string { return placeholder().ReplaceAllStringFunc(expand(m), expand) })
	}
	var list []query
	for _, text := range strings.Split(expandAll(relationsSQL+";\n"+objectsSQL), ";\n") {
		var q query
		for line := range strings.Lines(text) {
			if guard, ok := strings.CutPrefix(line, "-- If any: "); ok {
				q.guard = strings.TrimSpace(guard)
			} else if !strings.HasPrefix(line, "--") {
				q.sql += line
			}
		}
		if q.sql = strings.TrimSpace(q.sql); q.sql != "" {
			list = append(list, q)
		}
	}
	return list
}

// guards returns a query with a column for each query that has a guard: whether it must run.
func guards(list []query) string {
	var exist []string
	for _, q := range list {
		if q.guard != "" {
			exist = append(exist, "EXISTS (SELECT FROM "+q.guard+")")
		}
	}
	return "WITH ours (oids) AS (SELECT array_agg(n.oid) FROM pg_namespace n WHERE " + userSQL("n.nspname") + ") SELECT " + strings.Join(exist, ", ")
}

// userSQL selects the schemas that aren't the system's.
func userSQL(name string) string {
	return fmt.Sprintf("left(%[1]s, 3) <> 'pg_' AND %[1]s <> 'information_schema'", name)
}

// standaloneSQL selects the types, pg_type t and its pg_class c, that aren't of a table, an array or a multirange. A
// guard is on one line.
const standaloneSQL = "CASE t.typtype WHEN 'c' THEN c.relkind = 'c' WHEN 'm' THEN false ELSE true END" +
	" AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)"

// parentTriggerSQL selects the trigger that pg_trigger g is a partition's copy of, or 0, on servers older than 13.
const parentTriggerSQL = `coalesce((SELECT gd.refobjid FROM pg_depend gd WHERE gd.classid = 'pg_trigger'::regclass AND gd.objid = g.oid
	AND gd.refclassid = 'pg_trigger'::regclass AND gd.deptype = 'P'), 0)`

// CollationSQL selects the name of the collation with the OID, as regcollation prints it. Servers older than 13 have no
// such type.
func CollationSQL(oid string) string {
	return fmt.Sprintf(`(SELECT CASE WHEN pg_collation_is_visible(co.oid) THEN '' ELSE quote_ident(cn.nspname) || '.' END || quote_ident(co.collname)
		FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = %s)`, oid)
}

// LowestSQL and HighestSQL select the lowest and the highest number of the type of pg_sequence s.
const (
	LowestSQL  = "CASE s.seqtypid WHEN 21 THEN -32768 WHEN 23 THEN -2147483648 ELSE -9223372036854775808 END"
	HighestSQL = "CASE s.seqtypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 ELSE 9223372036854775807 END"
)

// SequenceSQL selects the options of pg_sequence s that aren't the defaults of CREATE SEQUENCE: arguments of concat_ws.
const SequenceSQL = `
	'increment ' || NULLIF(s.seqincrement, 1),
	'minvalue ' || NULLIF(s.seqmin, CASE WHEN s.seqincrement > 0 THEN 1 ELSE ` + LowestSQL + ` END),
	'maxvalue ' || NULLIF(s.seqmax, CASE WHEN s.seqincrement < 0 THEN -1 ELSE ` + HighestSQL + ` END),
	'start ' || NULLIF(s.seqstart, CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END),
	'cache ' || NULLIF(s.seqcache, 1),
	CASE WHEN s.seqcycle THEN 'cycle' END`

// indexStateSQL selects the properties of pg_index i and its pg_class ic that pg_get_indexdef doesn't include. Only
// expressions have their own statistics target.
const indexStateSQL = `
	CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
	CASE WHEN NOT i.indisready THEN 'not ready' END,
	CASE WHEN NOT i.indislive THEN 'being dropped' END,
	CASE WHEN ic.relispartition THEN (SELECT 'partition of ' || h.inhparent::regclass FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) END,
	CASE WHEN i.indisclustered THEN 'clustered' END,
	CASE WHEN i.indisreplident THEN 'replica identity' END,
	CASE WHEN ic.reltablespace <> 0 THEN (SELECT 'tablespace ' || quote_ident(ts.spcname) FROM pg_tablespace ts WHERE ts.oid = ic.reltablespace) END,
	CASE WHEN i.indexprs IS NOT NULL THEN (SELECT 'statistics ' || string_agg(ia.attnum || '=' || ia.attstattarget, ' ' ORDER BY ia.attnum)
	 FROM pg_attribute ia WHERE ia.attrelid = i.indexrelid AND coalesce(ia.attstattarget, -1) >= 0) END`

// multirangeSQL selects the name of range type t's multirange type unless it is the default.
const multirangeSQL = `(SELECT 'multirange_type_name ' || quote_ident(mt.typname) FROM pg_type mt WHERE mt.oid = r.rngmultitypid
	AND mt.typname::text <> CASE WHEN strpos(t.typname, 'range') > 0
		THEN regexp_replace(t.typname, 'range', 'multirange') ELSE t.typname || '_multirange' END)`

// notNullSQL selects the properties of a NOT NULL constraint. Only servers from 18 on have them.
const notNullSQL = `coalesce((SELECT concat(CASE WHEN nn.connoinherit THEN ' no inherit' END, CASE WHEN NOT nn.convalidated THEN ' not valid' END)
	FROM pg_constraint nn WHERE nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey = ARRAY[a.attnum]), '')`

const publishedSQL = `concat_ws(' ',
	'(' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
		FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) || ')',
	'where ' || pg_get_expr(r.prqual, r.prrelid))`

const publishedSchemaSQL = `
SELECT 'publication schema', quote_ident(p.pubname) || ' ' || quote_ident(n.nspname), '', NULL,
  n.nspname, NULL, NULL, 'pg_publication_namespace'::regclass::oid || ':' || r.oid || ':0', NULL, NULL, NULL
FROM pg_publication_namespace r JOIN pg_publication p ON p.oid = r.pnpubid JOIN pg_namespace n ON n.oid = r.pnnspid;`

const subscriptionSQL = `
SELECT 'subscription', quote_ident(s.subname),
  concat_ws(', ', CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END,
    'publications (' || (SELECT string_agg(quote_ident(x), ', ' ORDER BY x COLLATE "C") FROM unnest(s.subpublications) x) || ')',
    'slot ' || quote_ident(s.subslotname), 'synchronous_commit ' || quote_literal(s.subsynccommit)), NULL,
  NULL, NULL, s.subname, 'pg_subscription'::regclass::oid || ':' || s.oid || ':0', NULL, NULL, NULL
FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`
