package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// refusals finds why PostgreSQL rejects the statement, if there is more to say than its message.
func refusals(s *step) (found findings) {
	st := s.st
	t := s.subject()
	d := Diagnostic{}
	if t != nil {
		d.Table = t.sql()
	}
	partitioned := t != nil && (t.Kind == "p")
	concurrently := s.stmt.Concurrently()
	if concurrently && partitioned && (st.Verb == "CREATE INDEX" || st.Verb == "DROP INDEX") {
		d := d
		d.Text = fmt.Sprintf("PostgreSQL can't do this concurrently for partitioned table %s", t.sql())
		d.Fix = fix.Words("drop it without CONCURRENTLY, in a separate file")
		if st.Verb == "CREATE INDEX" {
			d.Fix = partByPart(s, t)
		}
		found.add(s, "concurrently-on-partitioned", d)
	}
	code := ""
	if s.failed != nil {
		code = pgsql.SQLState(s.failed)
	}
	switch {
	case s.refused == runner.NeedsNone && concurrently:
		d.Text = "PostgreSQL rejects CONCURRENTLY in a transaction, and " + s.inOne()
		d.Fix = s.outOfIt()
		found.add(s, "concurrently-in-transaction", d)
	case code == pgsql.ActiveSQLTransaction && s.callsCode():
		d.Text = "the block or function runs a statement that PostgreSQL rejects in a transaction, and everything in a block or function runs in one"
		d.Fix = fix.Words("write the statement itself, in a file with -- atlas:txmode none")
		found.add(s, "nontransactional-in-transaction", d)
	case s.refused == runner.NeedsNone, code == pgsql.ActiveSQLTransaction:
		d.Text = "PostgreSQL rejects the statement in a transaction, and " + s.inOne()
		d.Fix = s.outOfIt()
		found.add(s, "nontransactional-in-transaction", d)
	case code == pgsql.InvalidTransactionTermination && !s.apart:
		found.add(s, "nontransactional-in-transaction", commits(s.stmt))
	case code == pgsql.ObjectInUse && strings.Contains(s.failed.Reason(), "pending trigger events"):
		d.Text = "the statement fails after a change of rows for which a deferred foreign key is still to be checked"
		d.Fix = fix.Words("put the statement in a separate migration, or SET CONSTRAINTS ALL IMMEDIATE before it")
		found.add(s, "pending-trigger-events", d)
	case code == pgsql.DuplicateColumn && (st.Verb == "INSERT" || st.Verb == "CREATE TABLE"), st.Verb == "UPDATE" && s.failed != nil && strings.Contains(s.failed.Reason(), "multiple assignments to same column"):
		d.Text = "a column is named twice"
		d.Fix = fix.Words("remove one")
		found.add(s, "duplicate-column-assignment", d)
	case code == pgsql.UnsafeNewEnumValueUsage:
		d.Table = ""
		d.Text = "a new enum value can't be used in the transaction that adds it"
		d.Fix = fix.Words("add the value in a separate migration before this one")
		found.add(s, "enum-value-used-in-same-transaction", d)
	case code == pgsql.WrongObjectType && partitioned && slices.ContainsFunc(st.Actions, addsForeignKeyNotValid):
		d.Text = fmt.Sprintf("PostgreSQL before 18 can't add a foreign key NOT VALID to partitioned table %s", t.sql())
		d.Fix = fix.Words("add it NOT VALID on each partition, validate those, then add it to the partitioned table")
		found.add(s, "not-valid-fk-on-partitioned", d)
	}
	return found
}

// inOne says why a statement runs in a transaction with others.
func (s *step) inOne() string {
	if s.trace.file.TxNone {
		return "it is between BEGIN and COMMIT"
	}
	return "the file runs in one"
}

// outOfIt says how the statement runs outside that transaction.
func (s *step) outOfIt() fix.Text {
	if s.trace.file.TxNone {
		return fix.Words("move the statement before the BEGIN or after the COMMIT")
	}
	return fix.WithoutTransaction(s.stmt.Text)
}

// callsCode reports whether the statement runs a block or calls functions.
func (s *step) callsCode() bool {
	switch s.st.Verb {
	case "DO", "CALL", "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "EXECUTE":
		return true
	}
	return false
}

// subject returns the existing table that a statement is about, also by way of its index.
func (s *step) subject() *relation {
	t := s.target()
	switch s.st.Verb {
	case "REINDEX", "VACUUM", "CLUSTER": // an index may be new
		if len(s.st.Targets) > 0 {
			t = s.before.find(s.st.Targets[0].Schema, s.st.Targets[0].Name)
		}
	}
	if x, ok := s.stmt.Index(); ok && x.Create {
		t = s.before.find(x.TableSchema, x.Table)
	}
	if t == nil {
		return nil
	}
	if x := s.before.indexes.Get(t.OID); x != nil {
		return s.old(x.Table)
	}
	return s.old(t.OID)
}

// transactions finds statements that begin and end transactions where they can't.
func transactions(tr *trace) (found findings) {
	var begin *step
	var first *step
	for _, s := range tr.steps {
		if !s.refused.Control() {
			continue
		}
		if first == nil && s.refused != runner.Unclosed {
			first = s
		}
		switch s.st.Verb {
		case "BEGIN", "START":
			begin = s
		case "COMMIT", "ROLLBACK", "END", "ABORT":
			if s.st.Rest.Find(0, "TO") < 0 { // a savepoint
				begin = nil
			}
		}
	}
	if first != nil && !tr.file.TxNone {
		found.add(first, "nested-transaction", Diagnostic{
			Text: "the file already runs in a transaction, which this one would end halfway",
			Fix:  fix.Words("remove BEGIN and COMMIT"),
		})
	} else if first != nil {
		found.add(first, "nested-transaction", Diagnostic{
			Text: "a file without a transaction may have only pairs of BEGIN and COMMIT, without options, with statements between them",
			Fix:  fix.Words("remove it, or write BEGIN before and COMMIT after the statements that belong to one transaction"),
		})
	}
	if begin != nil {
		found.add(begin, "uncommitted-transaction", Diagnostic{
			Text: "the transaction is never committed, so its changes are rolled back",
			Fix:  fix.Words("add COMMIT, or remove BEGIN"),
		})
	}
	return found
}

// unrecorded finds statements that an interrupted run would repeat, and that the author hasn't declared repeatable.
func unrecorded(tr *trace) (found findings) {
	if !tr.file.TxNone {
		return found
	}
	for _, s := range tr.steps {
		if name, d := block(s.stmt, true); name != "" && s.apart {
			found.add(s, name, d)
		}
	}
	return found
}

// block returns what in the text of a DO or CALL conflicts with the file's transaction, or with its having none, and
// the rule's name; "" if nothing does.
func block(s pgsql.Stmt, txNone bool) (name string, d Diagnostic) {
	switch {
	case runner.Cut([]pgsql.Stmt{s}, true)[0].Mode != runner.MayCommit:
		return "", d
	case !txNone && endsTransaction(bodies(s.Parse())):
		return "nontransactional-in-transaction", commits(s)
	case txNone && !slices.ContainsFunc(s.Comments, saysRepeatable):
		// It commits before it is recorded. For an index, the catalog tells whether it was built; other statements that
		// can't run in a transaction change nothing the second time, or are rejected.
		return "repeatable-unsaid", Diagnostic{
			Text: "if a run is interrupted before it records this statement, the next one repeats it",
			Fix:  fix.Words("make sure that it can run twice, and give the reason above it:\n-- repeatable REASON"),
		}
	}
	return "", d
}

// commits reports that a block ends the file's transaction.
func commits(s pgsql.Stmt) Diagnostic {
	return Diagnostic{
		Text: "the statement commits or rolls back, which PostgreSQL rejects in a transaction, and the file runs in one: it fails once there are rows that make it do that",
		Fix:  fix.Committing(s.Text),
	}
}

// saysRepeatable reports whether a comment is "repeatable" with a reason, other than the placeholder of fixes.
func saysRepeatable(c pgsql.Comment) bool {
	words := strings.Fields(strings.TrimSuffix(strings.TrimLeft(c.Text, "-/* "), "*/"))
	return len(words) > 1 && words[1] != fix.Reason && strings.TrimSuffix(words[0], ":") == "repeatable"
}

func join(list []string) string {
	text := ""
	for i, s := range list {
		switch {
		case i == 0:
		case i == len(list)-1:
			text += " and "
		default:
			text += ", "
		}
		text += s
	}
	return text
}

// pendingEvents finds statements that PostgreSQL rejects once an earlier statement of the transaction has changed rows
// for which a deferred constraint is still to be checked.
func pendingEvents(tr *trace) (found findings) {
	pending := make(map[uint32]*constraint) // by table
	deferred := false                       // whether SET CONSTRAINTS defers all that are DEFERRABLE
	tx := 0
	for _, s := range tr.steps {
		if s.tx != tx {
			clear(pending)
			tx, deferred = s.tx, false
		}
		if s.apart {
			continue
		}
		if w := s.st.Rest; s.st.Verb == "SET" && len(s.st.Targets) == 1 && s.st.Targets[0].Name == "constraints" && len(w) > 0 {
			deferred = w.At(len(w)-1) == "DEFERRED"
			if !deferred {
				clear(pending)
			}
			continue
		}
		for _, c := range changesRows(s.st) {
			if t := s.before.find(c.Targets[0].Schema, c.Targets[0].Name); t != nil && s.oldTable(t.OID) != nil && s.ran() {
				if k := s.defers(t, c, deferred); k != nil {
					pending[t.OID] = k
				}
			}
		}
		if t := s.target(); s.st.Verb == "INSERT" && t != nil && s.ran() {
			if k := s.defers(t, s.st, deferred); k != nil {
				pending[t.OID] = k
			}
		}
		var tables []*relation
		switch s.st.Verb {
		case "ALTER TABLE", "DROP TABLE", "TRUNCATE", "CLUSTER":
			for _, q := range s.st.Targets {
				tables = append(tables, s.before.find(q.Schema, q.Name))
			}
		case "CREATE INDEX":
			tables = append(tables, s.subject())
		}
		for _, t := range tables {
			if t == nil || pending[t.OID] == nil || !s.ran() {
				continue
			}
			d := s.about(t)
			d.Text = fmt.Sprintf("%s on table %s fails if an earlier statement changed rows, because foreign key %s, which is deferred, is still to be checked", s.st.Verb, t.sql(), pgsql.Ident(pending[t.OID].Name))
			d.Fix = fix.Words("put the statement in a separate migration, or SET CONSTRAINTS ALL IMMEDIATE before it")
			found.add(s, "pending-trigger-events", d)
		}
	}
	return found
}

// defers returns a foreign key whose check a change of a table's rows defers, nil if there is none. Other constraints
// are checked later only for rows that conflict.
func (s *step) defers(t *relation, st *pgsql.Statement, deferred bool) *constraint {
	assigned := func(columns []int16) bool {
		if st.Verb != "UPDATE" {
			return true
		}
		return slices.ContainsFunc(columns, func(n int16) bool {
			list, _ := assignments(st)
			return t.columns[n] != nil && slices.ContainsFunc(list, func(w pgsql.Words) bool {
				for i := range w[:max(w.Find(0, "="), 0)] {
					if name, _, ok := w.Ident(i); ok && name == t.columns[n].Name {
						return true
					}
				}
				return false
			})
		})
	}
	for _, c := range s.before.constraints.All() {
		late := strings.Contains(c.Definition, " INITIALLY DEFERRED") || deferred && strings.Contains(c.Definition, " DEFERRABLE")
		switch {
		case !late:
		case c.Kind == "f" && c.Table == t.OID && st.Verb != "DELETE" && assigned(c.Columns),
			c.Kind == "f" && c.References == t.OID && st.Verb != "INSERT" && assigned(c.RefColumns):
			return c
		}
	}
	return nil
}
