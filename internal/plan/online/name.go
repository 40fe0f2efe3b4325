package online

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A change describes what an op is a part of. Migrations are named after their changes.
type change struct {
	verb    string // add, drop, change or rename
	kind    string // schema, table, enum, enum value, sequence; column, index, constraint or comment of a table
	schema  string // the schema of a table or enum
	table   string // the table of a part, or the enum of a value
	name    string // empty for a constraint
	what    string // of a column, as in the name of the file: "type", "not_null"; "" for several things
	columns []string
	refers  string // the table that a foreign key refers to
}

// about sets the change of ops, and returns them.
func about(c change, ops []Op) []Op {
	for i := range ops {
		ops[i].change = c
	}
	return ops
}

// change describes the change of a constraint of the table.
func (k *constraint) change(verb string, t *table) change {
	c := change{verb: verb, kind: "constraint", table: t.Name, columns: k.Columns}
	if k.refs != nil {
		c.refers = k.refs.Name
	}
	return c
}

// words returns the names of an index's columns, or its own name if it has expressions.
func (i *index) words(t *table) string {
	if i.Expressions {
		return strings.TrimPrefix(strings.TrimPrefix(i.Name, "ix_"), t.Name+"_")
	}
	return strings.Join(i.Columns, "_")
}

// Name describes ops in a few words: add_results_flaky, drop_reports, index_results_tags, change_runs_and_results. It
// returns "" for no ops. The words are not yet fit for a file name.
func Name(ops []Op) string {
	var renamed []string
	var list []change
	for _, o := range ops {
		switch c := o.change; {
		case c.verb == "rename" && c.kind != "index" && c.kind != "constraint":
			renamed = append(renamed, strings.TrimPrefix(c.table+"_"+c.name, "_"))
		case c.verb != "":
			list = append(list, c)
		}
	}
	switch {
	case len(ops) == 0:
		return ""
	case len(renamed) == 0:
		return changesName(list)
	case !slices.ContainsFunc(list, func(c change) bool { return c.verb != "rename" }):
		return "rename_" + few(renamed)
	}
	return "rename_" + few(renamed) + "_and_" + changesName(list)
}

// few joins at most two of the names.
func few(names []string) string {
	if len(names) > 2 {
		return fmt.Sprintf("%s_and_%d_more", names[0], len(names)-1)
	}
	return strings.Join(names, "_and_")
}

func changesName(list []change) string {
	var verbs, touched []string
	items := map[string][]string{} // by verb
	add := func(verb, touches string, name ...string) {
		item := strings.Join(name, "_")
		if slices.Contains(items[verb], item) {
			return
		}
		if len(items[verb]) == 0 {
			verbs = append(verbs, verb)
		}
		items[verb] = append(items[verb], item)
		if touches != "" && !slices.Contains(touched, touches) {
			touched = append(touched, touches)
		}
	}
	holds := func(schema string) bool {
		return slices.ContainsFunc(list, func(c change) bool { return c.kind == "table" && c.schema == schema })
	}
	var tables []string
	parts := map[string][]change{} // by table
	for _, c := range list {
		switch {
		case c.table != "":
			if parts[c.table] == nil {
				tables = append(tables, c.table)
			}
			parts[c.table] = append(parts[c.table], c)
		case c.kind != "schema":
			goes := func(s change) bool { return s.kind == "schema" && s.verb == "drop" && s.name == c.schema }
			if !slices.ContainsFunc(list, goes) {
				add(c.verb, c.name, c.name)
			}
		case c.verb != "add" || !holds(c.name): // otherwise its tables are named
			add(c.verb, "", "schema", c.name)
		}
	}
	for _, t := range tables {
		if verb, names := partsName(parts[t], list); verb != "" {
			add(verb, t, append([]string{t}, names...)...)
		}
	}
	switch {
	case len(verbs) == 1:
		return verbs[0] + "_" + few(items[verbs[0]])
	case len(touched) > 0:
		return "change_" + few(touched)
	}
	return "change_schema"
}

// partsName returns a verb for the changes of one table, and the names of what changes if there are few. The verb is
// "" if all of them only accompany other changes.
func partsName(parts, all []change) (verb string, names []string) {
	// Indexes and keys accompany the columns and tables that are added or dropped.
	alone := slices.DeleteFunc(slices.Clone(parts), func(c change) bool {
		return slices.ContainsFunc(parts, func(o change) bool {
			return o.kind == "column" && o.verb == c.verb && slices.Contains(c.columns, o.name)
		})
	})
	whole := func(c change) bool {
		return c.refers != "" && c.verb != "change" && slices.ContainsFunc(all, func(o change) bool { return o.kind == "table" && o.name == c.refers })
	}
	if !slices.ContainsFunc(alone, func(c change) bool { return !whole(c) }) {
		return "", nil
	}
	what := alone[0].what
	for _, c := range alone {
		v := map[string]string{
			"column add": "add", "column drop": "drop", "index add": "index", "index drop": "drop_index", "constraint add": "constrain", "constraint drop": "drop_constraint",
		}[c.kind+" "+c.verb]
		if v == "" || verb != "" && v != verb {
			v = "change"
		}
		if verb = v; c.what != what {
			what = ""
		}
		if name := cmp.Or(c.name, strings.Join(c.columns, "_")); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 2 && (verb == "add" || verb == "drop"):
		return "change", nil // without names it would mean the whole table
	case len(names) > 2:
		return verb, nil
	}
	return verb, slices.DeleteFunc([]string{few(names), what}, func(s string) bool { return s == "" })
}

// differsIn returns the only thing in which a column differs from another, "" if there are several or none of these.
func (c *column) differsIn(to *column) string {
	var what []string
	for word, differs := range map[string]bool{
		"type": c.typed() != to.typed(), "not_null": !c.NotNull && to.NotNull, "null": c.NotNull && !to.NotNull, "identity": c.Identity != to.Identity,
		"default": !samePointed(c.Default, to.Default) || !samePointed(c.Generated, to.Generated), "comment": !samePointed(c.Comment, to.Comment),
	} {
		if differs {
			what = append(what, word)
		}
	}
	if len(what) != 1 {
		return ""
	}
	return what[0]
}

func samePointed(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
