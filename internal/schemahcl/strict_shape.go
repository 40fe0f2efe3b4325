package schemahcl

import (
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A shape describes the labels, attributes and blocks of a kind of block that the engine reads and that have an effect.
// Both were measured with Atlas v1.3.0.
type shape struct {
	labels struct{ least, most int }
	attrs  map[string]rule
	blocks map[string]*shape
	// needs lists groups of attributes and blocks: exactly one of each group is required.
	needs [][]string
	// single means that the engine reads only the first block of this kind.
	single bool
	// free means that attributes may have any name.
	free bool
	// advice is what to do instead, by names that a user may expect to be valid.
	advice map[string]string
	// also checks combinations of attributes.
	also func(*strictness, scope, *hclsyntax.Block)
}

func labels(least, most int) struct{ least, most int } {
	return struct{ least, most int }{least, most}
}

// outside is the advice for features of PostgreSQL that the engine's HCL doesn't support.
const outside = "the engine ignores it; write it as SQL in a migration (new), and remove it from this file"

func outsiders(names ...string) map[string]string {
	m := map[string]string{}
	for _, n := range names {
		m[n] = outside
	}
	return m
}

func merged(ms ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range ms {
		maps.Copy(all, m)
	}
	return all
}

var fileShape = &shape{
	blocks: map[string]*shape{
		"schema":   schemaShape,
		"table":    tableShape,
		"enum":     enumShape,
		"variable": variableShape,
		"locals":   {free: true},
	},
	advice: unmanaged(),
}

// unmanaged returns the advice for the kinds of objects that the open-source engine doesn't manage and mostly ignores
// silently.
func unmanaged() map[string]string {
	m := map[string]string{
		"data":  "schema files don't support data sources; write the value itself, in a locals block if it is used more than once",
		"atlas": "settings of the tool belong in atlas.hcl",
		"env":   "settings of the tool belong in atlas.hcl",
		"lint":  "settings of the tool belong in atlas.hcl",
	}
	for _, kinds := range []string{
		"view views", "materialized materialized_views", "function functions", "procedure procedures",
		"trigger triggers", "event_trigger event_triggers", "policy row_security_policies",
		"extension extensions", "sequence sequences", "domain domains", "composite composite_types",
		"range range_types", "aggregate aggregates", "cast casts", "collation collations",
		"operator operators", "operator_class operator_classes", "operator_family operator_families",
		"role roles", "user users", "permission privileges", "default_permission default_privileges",
		"rule rules", "statistics extended_statistics", "publication publications",
		"subscription subscriptions", "server foreign_servers", "foreign_table foreign_tables",
		"user_mapping user_mappings", "foreign_data_wrapper foreign-data_wrappers", "language languages",
		"text_search text_search_configurations", "tablespace tablespaces",
	} {
		kind, plural, _ := strings.Cut(kinds, " ")
		m[kind] = fmt.Sprintf("the engine does not manage %s; write it as SQL in a migration (new), and remove it from this file",
			strings.ReplaceAll(plural, "_", " "))
	}
	return m
}

var schemaShape = &shape{
	labels: labels(1, 1),
	attrs:  map[string]rule{"comment": text},
	advice: map[string]string{"name": "a schema's name is its label; tables couldn't refer to this name"},
}

var enumShape = &shape{
	labels: labels(1, 2),
	attrs:  map[string]rule{"schema": schemaRef, "values": distinctTexts},
	needs:  [][]string{{"schema"}, {"values"}},
	advice: outsiders("comment"),
	also:   qualifier,
}

var variableShape = &shape{
	labels: labels(1, 1),
	attrs:  map[string]rule{"type": anything, "default": anything, "description": text},
	// Nothing sets the variables of a schema file to other values.
	needs: [][]string{{"type"}, {"default"}},
}

var tableShape = &shape{
	labels: labels(1, 2),
	attrs:  map[string]rule{"schema": schemaRef, "comment": text},
	blocks: map[string]*shape{
		"column":      columnShape,
		"primary_key": primaryKeyShape,
		"foreign_key": foreignKeyShape,
		"index":       indexShape,
		"unique":      uniqueShape,
		"check":       checkShape,
		"partition":   partitionShape,
	},
	needs: [][]string{{"schema"}},
	advice: merged(
		outsiders("exclude", "row_security", "policy", "trigger", "rule", "statistics", "storage_params", "unlogged", "tablespace", "inherits"),
		map[string]string{"depends_on": "it has no effect, because tables are created in the order of their foreign keys"},
	),
	also: qualifier,
}

var columnShape = &shape{
	labels: labels(1, 1),
	attrs:  map[string]rule{"type": columnType, "null": boolean, "default": defaultValue, "as": expression, "comment": text},
	blocks: map[string]*shape{
		"identity": {
			single: true,
			attrs:  map[string]rule{"generated": word("ALWAYS", "BY_DEFAULT"), "start": whole, "increment": notZero},
			advice: outsiders("cache", "cycle", "min", "min_value", "minvalue", "max", "max_value", "maxvalue", "name"),
		},
		"as": {
			single: true,
			attrs:  map[string]rule{"expr": expression, "type": word("STORED")},
			needs:  [][]string{{"expr"}},
		},
	},
	needs: [][]string{{"type"}},
	advice: merged(
		outsiders("storage", "compression", "statistics"),
		map[string]string{
			"collate":   `the engine ignores it; write it with the type, such as type = sql("text COLLATE \"C\"")`,
			"collation": `the engine ignores it; write it with the type, such as type = sql("text COLLATE \"C\"")`,
		},
	),
	also: columnDefaults,
}

var primaryKeyShape = &shape{
	single: true,
	labels: labels(0, 1),
	attrs:  map[string]rule{"columns": ownColumns, "include": ownColumns},
	needs:  [][]string{{"columns"}},
	advice: merged(
		outsiders("comment", "deferrable", "initially_deferred", "storage_params", "tablespace"),
		map[string]string{"on": "a primary key consists of columns; write columns = [column.NAME]"},
	),
}

var indexShape = &shape{
	labels: labels(0, 1),
	attrs: map[string]rule{
		"unique": boolean, "columns": ownColumns, "include": ownColumns, "type": accessMethod,
		"where": expression, "nulls_distinct": boolean, "page_per_range": notNegative, "comment": text,
	},
	blocks: map[string]*shape{"on": {
		attrs: map[string]rule{
			"column": ownColumn, "expr": expression, "desc": boolean,
			"nulls_first": boolean, "nulls_last": boolean, "ops": operatorClass,
		},
		needs: [][]string{{"column", "expr"}},
		advice: map[string]string{
			"collate":   `the engine ignores it; write it with the column, such as expr = "name COLLATE \"C\""`,
			"collation": `the engine ignores it; write it with the column, such as expr = "name COLLATE \"C\""`,
			"asc":       "the engine ignores it; indexes are ascending unless desc = true",
		},
		also: nullsOnce,
	}},
	needs: [][]string{{"columns", "on"}},
	advice: merged(
		outsiders("storage_params", "with", "fillfactor", "fastupdate", "autosummarize", "deduplicate_items", "buffering", "tablespace"),
		map[string]string{
			"concurrently":    "the engine ignores it; plan always builds indexes on existing tables concurrently",
			"pages_per_range": "the engine calls it page_per_range",
		},
	),
	also: brinOnly,
}

var uniqueShape = &shape{
	labels: labels(1, 1),
	attrs:  map[string]rule{"columns": ownColumns, "include": ownColumns, "nulls_distinct": boolean, "comment": text},
	blocks: map[string]*shape{"on": {
		attrs:  map[string]rule{"column": ownColumn},
		needs:  [][]string{{"column"}},
		advice: plainKey("expr", "desc", "nulls_first", "nulls_last", "ops"),
	}},
	needs: [][]string{{"columns", "on"}},
	advice: merged(
		outsiders("deferrable", "initially_deferred", "storage_params", "tablespace"),
		plainKey("where", "type"),
		map[string]string{"unique": "the engine ignores it; a unique constraint is unique"},
	),
}

// plainKey returns the advice for attributes that an index can have and a constraint can't.
func plainKey(names ...string) map[string]string {
	m := map[string]string{}
	for _, n := range names {
		m[n] = `a unique constraint cannot have it; write an index "NAME" with unique = true`
	}
	return m
}

var checkShape = &shape{
	labels: labels(0, 1),
	attrs:  map[string]rule{"expr": expression},
	needs:  [][]string{{"expr"}},
	advice: outsiders("comment", "no_inherit", "enforced", "not_valid"),
}

var foreignKeyShape = &shape{
	labels: labels(0, 1),
	attrs: map[string]rule{
		"columns": ownColumns, "ref_columns": otherColumns,
		"on_update": word(referenceActions...), "on_delete": word(referenceActions...),
	},
	needs:  [][]string{{"columns"}, {"ref_columns"}},
	advice: outsiders("comment", "deferrable", "initially_deferred", "match", "not_valid", "enforced"),
	also:   sameNumber,
}

var referenceActions = []string{"NO_ACTION", "RESTRICT", "CASCADE", "SET_NULL", "SET_DEFAULT"}

var partitionShape = &shape{
	single: true,
	attrs:  map[string]rule{"type": word("RANGE", "LIST", "HASH"), "columns": ownColumns},
	blocks: map[string]*shape{"by": {
		attrs:  map[string]rule{"column": ownColumn, "expr": expression},
		needs:  [][]string{{"column", "expr"}},
		advice: outsiders("ops", "collate"),
	}},
	needs: [][]string{{"type"}, {"columns", "by"}},
}
