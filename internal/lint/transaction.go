package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// refusals finds why PostgreSQL does not run the statement, where there is more to say than its message.
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
		d.Text = fmt.Sprintf("PostgreSQL cannot do this concurrently for partitioned table %s", t.sql())
		d.Fix = fix.Words("drop it without CONCURRENTLY, in a file of its own")
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
		d.Text = "PostgreSQL refuses what works concurrently in a transaction, and the file has one"
		d.Fix = fix.WithoutTransaction(s.stmt.Text)
		found.add(s, "concurrently-in-transaction", d)
	case s.refused == runner.NeedsNone, code == pgsql.ActiveSQLTransaction:
		d.Text = "PostgreSQL refuses the statement in a transaction, and the file has one"
		d.Fix = fix.WithoutTransaction(s.stmt.Text)
		found.add(s, "nontransactional-in-transaction", d)
	case code == pgsql.InvalidTransactionTermination && !s.trace.file.TxNone:
		found.add(s, "nontransactional-in-transaction", commits(s.stmt))
	case code == pgsql.UnsafeNewEnumValueUsage:
		d.Table = ""
		d.Text = "an enum's new value cannot be used in the transaction that adds it"
		d.Fix = fix.Words("put the statement that adds the value into a migration of its own, before this one")
		found.add(s, "enum-value-used-in-same-transaction", d)
	case code == pgsql.WrongObjectType && partitioned && slices.ContainsFunc(st.Actions, addsForeignKeyNotValid):
		d.Text = fmt.Sprintf("PostgreSQL before 18 cannot add a foreign key NOT VALID to partitioned table %s", t.sql())
		d.Fix = fix.Words("add it NOT VALID on each partition, validate those, then add it to the partitioned table")
		found.add(s, "not-valid-fk-on-partitioned", d)
	}
	return found
}

// subject returns the old table that a statement is about: that of an index, too.
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
	if x := s.before.indexes[t.OID]; x != nil {
		return s.old(x.Table)
	}
	return s.old(t.OID)
}

// transactions finds BEGIN and COMMIT where the runner has a transaction of its own.
func transactions(tr *trace) (found findings) {
	var begin *step
	var first *step
	for _, s := range tr.steps {
		if s.refused != runner.Controls {
			continue
		}
		if first == nil {
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
			Text: "the file is run in a transaction already: this one would end it half-way",
			Fix:  fix.Words("leave BEGIN and COMMIT out"),
		})
	} else if first != nil {
		found.add(first, "nested-transaction", Diagnostic{
			Text: "the runner keeps the record after each statement of a file without a transaction, and refuses one of the file's own",
			Fix:  fix.Words("leave BEGIN and COMMIT out, and -- atlas:txmode none too, so that the file is one transaction"),
		})
	}
	if begin != nil {
		found.add(begin, "uncommitted-transaction", Diagnostic{
			Text: "the transaction is never committed: what it did is rolled back",
			Fix:  fix.Words("add COMMIT, or leave BEGIN out"),
		})
	}
	return found
}

// unrecorded finds statements that run twice if an apply or a down is cut off, without the author's word for it that they can.
func unrecorded(tr *trace) (found findings) {
	if !tr.file.TxNone {
		return found
	}
	for _, s := range tr.steps {
		if name, d := block(s.stmt, true); name != "" {
			found.add(s, name, d)
		}
	}
	return found
}

// block returns what the text of a DO or CALL shows that does not go with its file's transaction, or with its having none, and
// the rule's name; "" if all is well.
func block(s pgsql.Stmt, txNone bool) (name string, d Diagnostic) {
	switch {
	case runner.Cut([]pgsql.Stmt{s}, true)[0].Mode != runner.MayCommit:
		return "", d
	case !txNone && endsTransaction(s.Parse()):
		return "nontransactional-in-transaction", commits(s)
	case txNone && !slices.ContainsFunc(s.Comments, saysRepeatable):
		// It commits before it is recorded. Of an index the catalog tells whether it was built; what else stands alone changes
		// nothing the second time, or is refused.
		return "repeatable-unsaid", Diagnostic{
			Text: "if a run is cut off before it has recorded this statement, the next one runs it again",
			Fix:  fix.Words("see to it that it can run twice, and say above it why it can:\n-- repeatable REASON"),
		}
	}
	return "", d
}

// commits says that a block ends the transaction that the file is run in.
func commits(s pgsql.Stmt) Diagnostic {
	return Diagnostic{
		Text: "the statement commits or rolls back, which PostgreSQL refuses in a transaction, and the file has one: it fails as soon as there are rows for it to come to that",
		Fix:  fix.Committing(s.Text),
	}
}

// saysRepeatable reports whether a comment is "repeatable" with a reason, which the word that fixes leave to the author is none.
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
