package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// inBatches returns how to write an UPDATE or DELETE of all rows in short transactions, or why that isn't possible.
func inBatches(s *step, t *relation) fix.Text {
	if s.st.Verb != "UPDATE" && s.st.Verb != "DELETE" {
		return fix.Words("change the rows in a separate statement, in batches along a unique key, each in its own transaction")
	}
	d := readDML(s, t)
	b := fix.Batch{
		Table: s.before.table(t, d.assigned, s.st.Only), Only: s.st.Only, Row: d.row, Statement: d.statement, Where: d.where, Done: d.done, Reason: d.reason,
	}
	if why := s.unbatched(t, d, b); why != "" {
		return fix.Words("it can't be done in batches: " + why)
	}
	return b.File()
}

// table returns a table as fixes need it, with a key that contains none of the columns in without. If only is set, rows
// of inheriting tables don't count.
func (s *snapshot) table(t *relation, without []string, only bool) fix.Table {
	f := fix.Table{Name: t.sql(), Spread: t.Kind == "p" || t.Children && !only}
	if t.Kind == "p" || !f.Spread {
		f.Key = s.key(t, without)
	}
	return f
}

// key returns the columns of a primary key or unique constraint that identifies every row of a table, not counting the
// rows of inheriting tables.
func (s *snapshot) key(t *relation, without []string) []string {
	var best []string
	for oid := range s.constraints.All() {
		c := s.constraints.Get(oid)
		x := s.indexes.Get(c.Index)
		if c.Table != t.OID || c.Kind != "p" && c.Kind != "u" || x == nil || !x.Valid || best != nil && c.Kind != "p" {
			continue
		}
		if !slices.ContainsFunc(c.Columns, func(n int16) bool {
			k := t.columns[n]
			return k == nil || !k.NotNull || slices.Contains(without, k.Name)
		}) {
			best = nil
			for _, n := range c.Columns {
				best = append(best, pgsql.Ident(t.columns[n].Name))
			}
		}
	}
	return best
}

// A dmlText holds the parts of an UPDATE or DELETE that a batch needs.
type dmlText struct {
	row       string // its table's name or alias
	statement string // up to its WHERE
	where     string // in parentheses
	assigned  []string
	done      bool        // whether a row that it has changed no longer matches
	reason    string      // why it may be repeated, if the text shows that
	rest      pgsql.Words // what follows the table
}

func readDML(s *step, t *relation) dmlText {
	rest := s.st.Rest
	d := dmlText{row: pgsql.Ident(cmp.Or(s.st.Alias, t.Name)), rest: rest}
	all := pgsql.Words(pgsql.Tokens(s.stmt.Text))
	before := func(i int) string { return all[:len(all)-len(rest)+i].In(s.stmt.Text) } // the i-th token of rest
	end := len(rest)
	if r := rest.Find(0, "RETURNING"); r >= 0 {
		end = r
	}
	d.statement = before(end)
	cond, _ := condition(s.st)
	if where := rest.Find(0, "WHERE"); where >= 0 {
		d.statement = before(where)
		d.where = "(" + cond.In(s.stmt.Text) + ")"
	}
	if s.st.Verb == "DELETE" {
		d.done, d.reason = true, "it deletes only rows that still exist"
		return d
	}
	d.set(s.st, cond)
	return d
}

// set reads what follows SET.
func (d *dmlText) set(st *pgsql.Statement, cond pgsql.Words) {
	list, from := assignments(st)
	constant := !from
	null := make(map[string]bool)
	for _, part := range list {
		value := part.Find(0, "=") + 1
		target := part[:max(value-1, 0)]
		n, _, ok := target.Ident(0)
		switch {
		case target.At(0) == "(":
			for i := range target {
				if n, _, ok := target.Ident(i); ok {
					d.assigned = append(d.assigned, n)
				}
			}
		case ok:
			d.assigned = append(d.assigned, n)
			null[n] = part.At(value) == "NULL"
		}
		constant = constant && !changes(part[value:])
	}
	reads := slices.ContainsFunc(list, func(part pgsql.Words) bool {
		value := part[part.Find(0, "=")+1:]
		return slices.ContainsFunc(d.assigned, func(column string) bool {
			for i := range value {
				if n, next, ok := value.Ident(i); ok && n == column && value.At(next) != "." {
					return true
				}
			}
			return false
		})
	})
	column := isNull(cond)
	switch {
	case column != "" && slices.Contains(d.assigned, column) && !null[column]:
		d.done, d.reason = true, fix.FillsNull
	case constant && !reads:
		d.reason = "it sets the same values again"
	}
}

// isNull returns the column of a condition "column IS NULL", "" for any other.
func isNull(w pgsql.Words) string {
	w = unwrapped(w)
	if n, next, ok := w.Name(0); ok && len(w) == next+2 && w.Starts(next, "IS", "NULL") {
		return n.Name
	}
	return ""
}

// changes reports whether an expression may have a different value when it is evaluated again for the same row.
func changes(w pgsql.Words) bool {
	for i := range w {
		switch word := w.At(i); {
		case strings.HasPrefix(word, "CURRENT_"), strings.HasPrefix(word, "LOCALTIME"), word == "DEFAULT", word == "SELECT":
			return true
		case word == "(" && i > 0 && (w[i-1].Kind == pgsql.Word || w[i-1].Kind == pgsql.QuotedIdent) && w.At(i-1) != "ROW" && !hazard.Total(w.At(i-1)):
			return true
		}
	}
	return false
}

// readsTable reports whether the i-th token names a table that is read: it follows FROM or similar, or a comma after
// that.
func readsTable(w pgsql.Words, i int, t *relation) bool {
	n, next, ok := w.Name(i)
	if !ok || n.Name != t.Name || n.Schema != "" && n.Schema != t.Schema || w.At(next) == "(" || w.At(i-1) == "." {
		return false
	}
	return slices.Contains([]string{"FROM", "JOIN", "USING", "ONLY", "TABLE"}, w.At(i-1)) ||
		w.At(i-1) == "," && (w[:i].Anywhere("FROM") || w[:i].Anywhere("USING"))
}

// unbatched returns why a statement can't run in batches, and what to do; "" if it can.
func (s *step) unbatched(t *relation, d dmlText, b fix.Batch) string {
	for i := range d.rest {
		if readsTable(d.rest, i, t) {
			return fmt.Sprintf("it reads table %s, which it changes, so a batch would read what earlier ones wrote; first compute the new values in another table, and update from that", t.sql())
		}
	}
	for oid := range s.before.constraints.All() {
		c := s.before.constraints.Get(oid)
		switch {
		case c.Table != t.OID:
		case s.st.Verb == "DELETE" && c.Kind == "f" && c.References == t.OID && !strings.Contains(c.Definition, " ON DELETE "):
			return fmt.Sprintf("rows reference others in the same table (foreign key %s), which a batch would orphan; first delete the rows that nothing references", pgsql.Ident(c.Name))
		case strings.Contains(c.Definition, " DEFERRABLE") && c.Kind != "f" && slices.ContainsFunc(c.Columns, func(n int16) bool {
			return t.columns[n] != nil && slices.Contains(d.assigned, t.columns[n].Name)
		}):
			return fmt.Sprintf("%s %s is checked after the last row, but with batches after each batch; fill a new column, and replace the old one with it", constraintKinds[c.Kind], pgsql.Ident(c.Name))
		}
	}
	switch {
	case t.Kind == "f":
		return "it is a foreign table; change the rows on the server that has them"
	case t.Children && t.Kind != "p" && !s.st.Only:
		return "other tables inherit from it; change the rows of each separately, with ONLY"
	case b.Walk() != fix.AtOnce:
		return ""
	case s.before.key(t, nil) != nil:
		return "it changes the key that batches would follow, so it would process rows again; fill a new column, and replace the old one with it"
	}
	return "the table has no primary key, and no unique constraint on NOT NULL columns, for batches to follow; add one first"
}
