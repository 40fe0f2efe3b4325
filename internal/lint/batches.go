package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// inBatches returns how to write an UPDATE or DELETE of all rows in short transactions, or why that isn't possible.
func inBatches(s *step, t *relation) fix.Text {
	if s.st.Verb != "UPDATE" && s.st.Verb != "DELETE" {
		return fix.Words("change the rows in a separate statement, in batches: write " + batch.Usage + " above it")
	}
	b := unmarked(s.stmt, s.st)
	read, err := b.Read()
	if err != nil {
		return fix.Words("it can't be done in batches: " + err.Error())
	}
	name := b.Table.Name // as the statement has it
	b.Table = s.before.table(t, read.Assigned, s.st.Only)
	b.Table.Name = name
	if why := s.unbatched(t, read.Assigned, b); why != "" {
		return fix.Words("it can't be done in batches: " + why)
	}
	return b.File()
}

// inBatches reports whether the statement runs in batches.
func (s *step) inBatches() bool {
	b, err := batch.Of(s.stmt)
	return b != nil && err == nil && s.apart
}

// table returns a table as fixes need it, with a key that contains none of the columns in without. If only is set, rows
// of inheriting tables don't count.
func (s *snapshot) table(t *relation, without []string, only bool) fix.Table {
	f := fix.Table{Name: t.sql(), Spread: t.Kind == "p" || t.Children && !only}
	f.Keyed = (t.Kind == "p" || !f.Spread) && s.keyed(t, without)
	return f
}

// keyed reports whether a primary key or unique constraint identifies every row of a table, not counting the rows of
// inheriting tables.
func (s *snapshot) keyed(t *relation, without []string) bool {
	return has(s.constraints, func(c *constraint) bool {
		x := s.indexes.Get(c.Index)
		return c.Table == t.OID && (c.Kind == "p" || c.Kind == "u") && x != nil && x.Valid && !strings.Contains(c.Definition, " DEFERRABLE") &&
			!slices.ContainsFunc(c.Columns, func(n int16) bool {
				k := t.columns[n]
				return k == nil || !s.neverNull(k) || !batch.Exact(k.TypeText) || slices.Contains(without, k.Name)
			})
	})
}

// unmarked returns an UPDATE or DELETE as a batch without what only the catalog says.
func unmarked(stmt pgsql.Stmt, st *pgsql.Statement) fix.Batch {
	all := pgsql.Words(pgsql.Tokens(stmt.Text))
	before := func(i int) string { return all[:len(all)-len(st.Rest)+i].In(stmt.Text) } // the i-th token of what follows the table
	end := len(st.Rest)
	for _, word := range []string{"RETURNING", "WHERE"} {
		if i := st.Rest.Find(0, word); i >= 0 {
			end = i
		}
	}
	b := fix.Batch{Table: fix.Table{Name: st.Targets[0].String()}, Statement: before(end)}
	if st.Alias != "" {
		b.Alias = pgsql.Ident(st.Alias)
	}
	if cond, ok := condition(st); ok && !always(unwrapped(cond)) {
		b.Where = cond.In(stmt.Text)
		if cond.Find(0, "OR") >= 0 {
			b.Where = "(" + b.Where + ")"
		}
	}
	return b
}

// isNull returns the column of a condition "column IS NULL", "" for any other.
func isNull(w pgsql.Words) string {
	w = unwrapped(w)
	if n, next, ok := w.Name(0); ok && len(w) == next+2 && w.Starts(next, "IS", "NULL") {
		return n.Name
	}
	return ""
}

// unbatched returns why a statement can't run in batches, and what to do; "" if it can.
func (s *step) unbatched(t *relation, assigned []string, b fix.Batch) string {
	for oid := range s.before.constraints.All() {
		c := s.before.constraints.Get(oid)
		switch {
		case c.Table != t.OID:
		case s.st.Verb == "DELETE" && c.Kind == "f" && c.References == t.OID && !strings.Contains(c.Definition, " ON DELETE "):
			return fmt.Sprintf("rows reference others in the same table (foreign key %s), which a batch would orphan; first delete the rows that nothing references", pgsql.Ident(c.Name))
		case strings.Contains(c.Definition, " DEFERRABLE") && c.Kind != "f" && slices.ContainsFunc(c.Columns, func(n int16) bool {
			return t.columns[n] != nil && slices.Contains(assigned, t.columns[n].Name)
		}):
			return fmt.Sprintf("%s %s is checked after the last row, but with batches after each batch; fill a new column, and replace the old one with it", constraintKinds[c.Kind], pgsql.Ident(c.Name))
		}
	}
	switch {
	case t.Kind == "f":
		return "it is a foreign table; change the rows on the server that has them"
	case t.Children && t.Kind != "p" && !s.st.Only:
		return "other tables inherit from it; change the rows of each separately, with ONLY"
	case b.Possible():
		return ""
	case s.before.keyed(t, nil):
		return "it changes the key that batches would follow, so it would process rows again; fill a new column, and replace the old one with it"
	}
	return "the table has no primary key, and no unique constraint on NOT NULL columns, for batches to follow; add one first"
}
