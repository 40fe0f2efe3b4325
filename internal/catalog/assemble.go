package catalog

import (
	"fmt"
	"strings"
)

// row is one row of the queries; relations.sql documents the columns.
type row struct {
	kind, name, def, state string
	schema, rel, child     string
	key, parent            string
	cols                   []byte
	hidden                 bool
}

// object returns the key without the number of the part.
func (r row) object() string { return object(r.key) }

func object(key string) string { return key[:strings.LastIndexByte(key, ':')] }

// assembly collects rows and builds the catalog's lines from them.
type assembly struct {
	major     int // the server's major version
	exclude   exclude
	rows      []row
	drop      map[string]bool   // excluded objects by class:oid, excluded with everything that belongs to them
	relations map[string]string // class:oid -> kind
	comments  map[string]string // by class:oid:subid
}

func newAssembly(major int, ex exclude) *assembly {
	return &assembly{major: major, exclude: ex, drop: map[string]bool{}, relations: map[string]string{}, comments: map[string]string{}}
}

// add keeps r unless r, or an object that it belongs to, is excluded. Objects must be added before those that belong to
// them.
func (a *assembly) add(r row) error {
	if a.drop[r.object()] || a.drop[r.parent] {
		return nil
	}
	if r.parent == "" && r.child == "" {
		a.relations[r.object()] = r.kind
	}
	out, err := a.exclude.matches(r, a.relations[r.parent])
	if err != nil {
		return fmt.Errorf("matching exclude patterns with %s %s: %w", r.kind, r.name, err)
	}
	if out {
		if !strings.HasSuffix(r.key, ":0") {
			return nil // nothing belongs to a column
		}
		a.drop[r.object()] = true
		return nil
	}
	a.rows = append(a.rows, r)
	return nil
}

// initdbComments are the comments on the two objects that every database has initially.
var initdbComments = map[string]string{
	"schema public":     "standard public schema",
	"extension plpgsql": "PL/pgSQL procedural language",
}

func (a *assembly) catalog() Catalog { return newCatalog(a.lines(a.rows)) }

// lines returns the lines of rows, and of their comments.
func (a *assembly) lines(rows []row) []string {
	lines := make([]string, 0, len(rows))
	for _, r := range rows {
		if !r.hidden {
			def := normalize(a.major, r.kind, r.def)
			if r.state != "" {
				def = strings.TrimPrefix(def+" ["+r.state+"]", " ")
			}
			lines = append(lines, Line{Kind: r.kind, Name: r.name, Def: def}.String())
		}
		comment, ok := a.comments[r.key]
		standard, initdb := initdbComments[r.kind+" "+r.name]
		switch {
		case r.hidden && initdb && !ok:
			lines = append(lines, Line{Comment: true, Kind: r.kind, Name: r.name, Def: "none"}.String())
		case ok && !(r.hidden && initdb && comment == standard):
			lines = append(lines, Line{Comment: true, Kind: r.kind, Name: r.name, Def: "'" + strings.ReplaceAll(comment, "'", "''") + "'"}.String())
		}
	}
	return lines
}
