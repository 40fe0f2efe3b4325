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

func truncate(s *step) (found findings) {
	var named []*relation
	for _, q := range s.st.Targets {
		t := s.before.find(q.Schema, q.Name)
		if t == nil || s.oldTable(t.OID) == nil {
			continue
		}
		named = append(named, t)
		d := s.about(t)
		d.Lock = cmp.Or(d.Lock, hazard.AccessExclusive) // of one that was only read
		d.Text = fmt.Sprintf("truncating table %s deletes all its rows under %s, which blocks reads and writes %s", s.name(t), lockName(d.Lock), s.until())
		d.Fix = fix.Words("delete in batches, or replace it with a new table")
		found.add(s, "truncate-table", d)
	}
	if !s.st.Cascade || len(named) == 0 {
		return found
	}
	var reached []string
	for i := 0; i < len(named); i++ {
		for oid := range s.before.constraints.All() {
			c := s.before.constraints.Get(oid)
			t := s.oldTable(c.Table)
			if c.Kind == "f" && c.References == named[i].OID && t != nil && !slices.Contains(named, t) {
				named = append(named, t)
				reached = append(reached, t.sql())
			}
		}
	}
	if len(reached) > 0 {
		d := s.about(named[0])
		d.Text = fmt.Sprintf("CASCADE also empties the tables that reference %s: %s", named[0].sql(), strings.Join(reached, ", "))
		d.Fix = fix.Words("name every table to empty")
		found.add(s, "truncate-cascade", d)
	}
	return found
}

// allRows finds statements that change every row of a table, also in a WITH clause or a DO block.
func allRows(s *step) (found findings) {
	if s.inBatches() {
		return nil
	}
	for _, c := range changesRows(s.st) {
		r := s.before.find(c.Targets[0].Schema, c.Targets[0].Name)
		if r != nil && r.Kind == "v" {
			found = append(found, allRowsOfView(s, r, c)...)
			continue
		}
		if r == nil || s.trace.base.relations.Get(r.OID) == nil || !r.isTable() || c.Verb == "MERGE" && !mergeDeletes(c) {
			continue
		}
		if c.Verb != "MERGE" && selective(c) && !holdsForAll(s, r, c) {
			found = append(found, mostRows(s, r, c)...)
			continue
		}
		d := s.about(r)
		if c.Verb == "MERGE" {
			d.Text = fmt.Sprintf("the statement deletes every row of table %s that matches, in one transaction", s.name(r))
			d.Fix = fix.Words("select the rows to delete, and delete them in batches")
			found.add(s, "delete-without-where", d)
		} else if c.Verb == "DELETE" {
			d.Text = fmt.Sprintf("the statement deletes all rows of table %s in one transaction", s.name(r))
			d.Fix = inBatches(s, r)
			found.add(s, "delete-without-where", d)
		} else {
			d.Text = fmt.Sprintf("the statement rewrites every row of table %s and holds their locks %s", s.name(r), s.until())
			d.Fix = inBatches(s, r)
			found.add(s, "update-without-where", d)
		}
	}
	return found
}

// allRowsOfView finds a statement that changes every row of a view, by the lock that it takes on the view's table.
func allRowsOfView(s *step, view *relation, c *pgsql.Statement) (found findings) {
	if c.Verb == "MERGE" || selective(c) {
		return nil
	}
	for oid, held := range s.after.locks.All() {
		t := s.oldTable(oid)
		if t == nil || !t.isTable() || (held&^s.before.locks.Get(oid)).strongest() != rowExclusive || s.after.locks.Get(t.Parent) != 0 {
			continue // the last of a partition, which its table stands for
		}
		d := s.about(t)
		rule, does := "update-without-where", "rewrites"
		if c.Verb == "DELETE" {
			rule, does = "delete-without-where", "deletes"
		}
		d.Text = fmt.Sprintf("the statement %s every row of table %s that view %s shows, in one transaction", does, s.name(t), view.sql())
		d.Fix = fix.Words("do it in batches, on the table")
		found.add(s, rule, d)
	}
	return found
}

// mergeDeletes reports whether a MERGE deletes all rows that match those of a table or query.
func mergeDeletes(st *pgsql.Statement) bool {
	w := st.Rest
	if w.Starts(0, "USING", "(", "VALUES") {
		return false
	}
	for i := range w {
		if w.At(i) != "DELETE" || w.At(i-1) != "THEN" {
			continue
		}
		j := i - 2
		for j >= 0 && w.At(j) != "WHEN" {
			j--
		}
		if j >= 0 && !w[j:i].Anywhere("AND") {
			return true
		}
	}
	return false
}

// selective reports whether an UPDATE or DELETE has a condition that isn't always true.
func selective(st *pgsql.Statement) bool {
	cond, ok := condition(st)
	return ok && !slices.ContainsFunc(alternatives(cond), always)
}

// always reports whether a condition is always true.
func always(c pgsql.Words) bool {
	return len(c) == 1 && c.At(0) == "TRUE" || c.Starts(0, "NOT", "FALSE") && len(c) == 2 || len(c) == 3 && c.At(1) == "=" && c.At(0) == c.At(2) && c.At(0) != ""
}

// all returns the conditions that AND connects, without parentheses around the whole.
func all(w pgsql.Words) []pgsql.Words {
	w = unwrapped(w)
	if w.Anywhere("BETWEEN") { // whose AND isn't one
		return []pgsql.Words{w}
	}
	var parts []pgsql.Words
	start := 0
	for i := w.Find(0, "AND"); i >= 0; i = w.Find(start, "AND") {
		parts = append(parts, unwrapped(w[start:i]))
		start = i + 1
	}
	return append(parts, unwrapped(w[start:]))
}

// holdsForAll reports whether the condition holds for every row: because a column is NOT NULL, or because the change
// itself added the column, so that all rows have NULL or its default.
func holdsForAll(s *step, t *relation, st *pgsql.Statement) bool {
	cond, _ := condition(st)
	return slices.ContainsFunc(alternatives(cond), func(cond pgsql.Words) bool {
		return !slices.ContainsFunc(all(cond), func(c pgsql.Words) bool { return !always(c) && !s.holds(t, c) })
	})
}

// holds reports whether a condition about one column holds for every row.
func (s *step) holds(t *relation, cond pgsql.Words) bool {
	name, next, ok := cond.Name(0)
	c := t.column(name.Name)
	if ok && c != nil && c.NotNull && len(cond) == next+3 && cond.Starts(next, "IS", "NOT", "NULL") {
		return true
	}
	if !ok || len(cond) != next+2 || c == nil || s.oldColumn(t.OID, c.Num) {
		return false
	}
	came := unwritten(s, t, c)
	switch {
	case came == nil:
		return false
	case cond.Starts(next, "IS", "NULL"):
		return came.null()
	}
	literal := cond[next+1].Text
	return cond.At(next) == "=" && !came.null() && (strings.EqualFold(came.Default, literal) || strings.HasPrefix(came.Default, literal+"::"))
}

// setval finds a sequence that words of the statement set to a number, whatever its position.
func setval(s *step, w pgsql.Words) (found findings) {
	for i := range w {
		if w[i].Kind != pgsql.Word || !strings.EqualFold(w[i].Text, "setval") || w.At(i+1) != "(" || i+4 >= len(w) || w[i+2].Kind != pgsql.String {
			continue
		}
		r := s.before.literal(w[i+2])
		j := i + 3
		for j < len(w) && w.At(j) != "," {
			j++
		}
		if r != nil && s.trace.base.relations.Get(r.OID) != nil && j+1 < len(w) && w[j+1].Kind == pgsql.Number {
			found = append(found, restart(s, r, Diagnostic{Table: r.sql(), Text: fmt.Sprintf("setting %s to a number, whatever its position, hands out numbers again if it is past that", r.sql())}, w[j+1].Text)...)
		}
	}
	return found
}

// literal returns the relation that a string names, nil if there is none.
func (s *snapshot) literal(text pgsql.Token) *relation {
	name := strings.ReplaceAll(strings.Trim(text.Text, "'"), "''", "'")
	q, _, ok := pgsql.Words(pgsql.Tokens(name)).Name(0)
	if text.Kind != pgsql.String || !ok {
		return nil
	}
	return s.find(q.Schema, q.Name)
}

// restart reports that a sequence, nil if unknown, is set to a number, "" if unknown.
func restart(s *step, seq *relation, d Diagnostic, number string) (found findings) {
	d.Fix = fix.Words("don't move the sequence, or set it past all numbers in use")
	if seq != nil && seq.Kind == "S" && number != "" {
		d.Fix = fix.Setval(seq.sql(), number)
	}
	found.add(s, "sequence-restart", d)
	return found
}
