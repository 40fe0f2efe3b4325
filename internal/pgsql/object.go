package pgsql

import (
	"strings"
)

// An Object is an object that a statement drops or renames.
type Object struct {
	Kind string // as in the statement, in lower case: "table", "materialized view", "index"; "column" or "constraint" for a part
	Name Name   // of a part, its table's
	Part string // the column or constraint, "" for the object itself
}

// Drops returns the objects that the statement's text drops, and the columns and constraints of those that it alters.
// What CASCADE drops, or code that the statement runs, is not among them.
func (st *Statement) Drops() []Object {
	var list []Object
	for _, n := range st.Targets {
		if kind, ok := strings.CutPrefix(st.Verb, "DROP "); ok {
			list = append(list, Object{Kind: strings.ToLower(kind), Name: n})
		}
		for _, a := range st.Actions {
			if part, ok := strings.CutPrefix(a.Verb, "DROP "); ok {
				list = append(list, Object{strings.ToLower(part), n, a.Name.Name})
			}
		}
	}
	return list
}

// A Rename is a new name, or a new schema, for an object.
type Rename struct {
	Object
	To Name // of a part without a schema; else with that of Object.Name, unless the schema is what changes
}

// Renames returns the new names that an ALTER of a table, view or index gives, in order.
func (st *Statement) Renames() []Rename {
	kind, ok := strings.CutPrefix(st.Verb, "ALTER ")
	if !ok || len(st.Targets) == 0 {
		return nil
	}
	n := st.Targets[0]
	var list []Rename
	for _, a := range st.Actions {
		r := Rename{Object: Object{Kind: strings.ToLower(kind), Name: n}}
		switch a.Verb {
		case "SET SCHEMA":
			r.To = Name{a.Name.Name, n.Name}
		case "RENAME TO":
			r.To = Name{n.Schema, a.Name.Name}
		case "RENAME COLUMN", "RENAME CONSTRAINT":
			r.Kind, r.Part, r.To = strings.ToLower(strings.TrimPrefix(a.Verb, "RENAME ")), a.Name.Name, Name{Name: a.To.Name}
		default:
			continue
		}
		list = append(list, r)
	}
	return list
}
