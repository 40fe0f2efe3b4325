package lint

import (
	"slices"
	"strings"
)

// A Statement is a statement with its observed effects on tables that existed before the change.
type Statement struct {
	Pos, Line int
	End       int // byte offset just past it
	Text      string
	Tx        int           // statements of the same transaction have the same number
	Effects   []TableEffect // by table
	Refused   bool          // whether it didn't run, so that its effects are unknown
	// WithNext is set if it adds rows to a table, as the next statement does, whose effects are those of both.
	WithNext bool
	// Deletes are the tables of which its text deletes rows, and Overwrites the columns whose values it overwrites.
	Deletes, Overwrites []string
}

// A TableEffect is what a statement did to a table.
type TableEffect struct {
	Table     string // its name as SQL, with its schema unless that is public
	Lock      string // the strongest lock that it took, as in pg_locks; may be empty
	Held      string // the strongest lock that earlier statements of its transaction held; may be empty
	Size      *Size  // nil if unknown
	Rewritten bool   // whether it was rewritten
	Scanned   bool   // whether it was scanned
}

// weakest is the strength of the weakest lock that isn't that of a query or a change of rows, which block no other
// ones, nor concurrent DDL.
var weakest = strength[shareUpdateExclusive]

// Weak reports whether the statement did no more to the table than a query or a change of rows does.
func (e TableEffect) Weak() bool { return strength[e.Lock] < weakest && !e.Rewritten && !e.Scanned }

// observed returns the statements of a trace.
func (t *trace) observed() []Statement {
	var list []Statement
	for _, s := range t.steps {
		stmt := Statement{Pos: s.stmt.Pos.Offset, Line: s.stmt.Pos.Line, End: s.stmt.End, Tx: s.tx, Text: s.stmt.Text, Refused: !s.ran(), WithNext: s.rows}
		stmt.Deletes, stmt.Overwrites = s.changedData()
		for _, oid := range s.touched() {
			r := s.before.relations.Get(oid)
			if r == nil || !s.ran() || s.rows || t.base.relations.Get(oid) == nil || !r.isTable() && r.Kind != "m" {
				continue
			}
			e := TableEffect{Table: r.sql(), Lock: s.lock(oid), Held: s.held(oid), Rewritten: s.rewritten(oid)}
			if size, ok := t.size(r); ok {
				e.Size = &size
			}
			e.Scanned = !e.Rewritten && max(strength[e.Lock], strength[e.Held]) >= weakest && s.scanned(oid)
			if e.Lock != "" || e.Rewritten || e.Scanned {
				stmt.Effects = append(stmt.Effects, e)
			}
		}
		slices.SortFunc(stmt.Effects, func(a, b TableEffect) int { return strings.Compare(a.Table, b.Table) })
		list = append(list, stmt)
	}
	return list
}
