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
func (f *finder) refusals(s *step) {
	st := s.st
	t := f.subject(s)
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
			d.Fix = f.partByPart(s, t)
		}
		f.add(s, "concurrently-on-partitioned", d)
	}
	switch {
	case s.refused == runner.NeedsNone && concurrently:
		d.Text = "PostgreSQL refuses what works concurrently in a transaction, and the file has one"
		d.Fix = fix.WithoutTransaction(s.stmt.Text)
		f.add(s, "concurrently-in-transaction", d)
	case s.refused == runner.NeedsNone:
		d.Text = "PostgreSQL refuses the statement in a transaction, and the file has one"
		d.Fix = fix.WithoutTransaction(s.stmt.Text)
		f.add(s, "nontransactional-in-transaction", d)
	case s.failed == nil:
	case pgsql.SQLState(s.failed) == pgsql.ActiveSQLTransaction:
		d.Text = "PostgreSQL refuses the statement in a transaction, and the file has one"
		d.Fix = fix.WithoutTransaction(s.stmt.Text)
		f.add(s, "nontransactional-in-transaction", d)
	case pgsql.SQLState(s.failed) == pgsql.InvalidTransactionTermination && !f.tr.file.TxNone:
		f.add(s, "nontransactional-in-transaction", commits(s.stmt))
	case pgsql.SQLState(s.failed) == pgsql.UnsafeNewEnumValueUsage:
		d.Table = ""
		d.Text = "an enum's new value cannot be used in the transaction that adds it"
		d.Fix = fix.Words("put the statement that adds the value into a migration of its own, before this one")
		f.add(s, "enum-value-used-in-same-transaction", d)
	case pgsql.SQLState(s.failed) == pgsql.WrongObjectType && partitioned && slices.ContainsFunc(st.Actions, addsForeignKeyNotValid):
		d.Text = fmt.Sprintf("PostgreSQL before 18 cannot add a foreign key NOT VALID to partitioned table %s", t.sql())
		d.Fix = fix.Words("add it NOT VALID on each partition, validate those, then add it to the partitioned table")
		f.add(s, "not-valid-fk-on-partitioned", d)
	}
}

// addsForeignKeyNotValid reports whether an action adds a foreign key, NOT VALID.
func addsForeignKeyNotValid(a pgsql.Action) bool {
	references := a.Words.Find(0, "REFERENCES")
	return references >= 0 && a.Words.Find(references, "NOT", "VALID") >= 0
}

// partByPart is how an index of a partitioned table is built online that a statement would build concurrently.
func (f *finder) partByPart(s *step, t *relation) fix.Text {
	name := t.Name + "_idx"
	if x, ok := s.stmt.Index(); ok && x.Name != "" {
		name = x.Name
	}
	return fix.CreatePartitionedIndex(s.before.partitioned(t, func(p *relation) fix.Index {
		if p == t {
			return readIndex(s.stmt.Text, p, name)
		}
		return readIndex(s.stmt.Text, p, s.before.freeRelation(p.Schema, p.Name+"_"+name, ""))
	}))
}

// subject returns the old table that a statement is about: that of an index, too.
func (f *finder) subject(s *step) *relation {
	t := f.target(s)
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
		return f.old(s, x.Table)
	}
	return f.old(s, t.OID)
}

// whole finds what only the file as a whole shows.
func (f *finder) whole() {
	f.transactions()
	f.unrecorded()
	f.gaps()
	f.foreignKeys()
	f.optional()
}

// transactions finds BEGIN and COMMIT where the runner has a transaction of its own.
func (f *finder) transactions() {
	var begin *step
	var first *step
	for _, s := range f.tr.steps {
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
	if first != nil && !f.tr.file.TxNone {
		f.add(first, "nested-transaction", Diagnostic{
			Text: "the file is run in a transaction already: this one would end it half-way",
			Fix:  fix.Words("leave BEGIN and COMMIT out"),
		})
	} else if first != nil {
		f.add(first, "nested-transaction", Diagnostic{
			Text: "the runner keeps the record after each statement of a file without a transaction, and refuses one of the file's own",
			Fix:  fix.Words("leave BEGIN and COMMIT out, and -- atlas:txmode none too, so that the file is one transaction"),
		})
	}
	if begin != nil {
		f.add(begin, "uncommitted-transaction", Diagnostic{
			Text: "the transaction is never committed: what it did is rolled back",
			Fix:  fix.Words("add COMMIT, or leave BEGIN out"),
		})
	}
}

// unrecorded finds statements that run twice if an apply or a down is cut off, without the author's word for it that they can.
func (f *finder) unrecorded() {
	if !f.tr.file.TxNone {
		return
	}
	for _, s := range f.tr.steps {
		if name, d := block(s.stmt, true); name != "" {
			f.add(s, name, d)
		}
	}
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

// gaps finds indexes that are dropped before their successors are built.
func (f *finder) gaps() {
	steps := append(slices.Clone(f.earlier), f.tr.steps...)
	for i, s := range steps {
		if s.st.Verb != "DROP INDEX" || !s.seen() {
			continue
		}
		for _, oid := range sorted(s.before.indexes) {
			x, r := s.before.indexes[oid], s.before.relations[oid]
			if s.after.indexes[oid] != nil || f.base.indexes[oid] == nil || r == nil || f.oldTable(s, x.Table) == nil {
				continue
			}
			for _, later := range steps[i+1:] {
				if later.st.Verb == "CREATE INDEX" && later.builds(r, x) && (slices.Contains(f.tr.steps, s) || slices.Contains(f.tr.steps, later)) {
					t := s.before.relations[x.Table]
					d := Diagnostic{Table: t.sql(), Lock: s.lock(t.OID)}
					d.Text = fmt.Sprintf("table %s has no index %s from here until the new one is built", f.name(t), pgsql.Ident(r.Name))
					d.Fix = fix.RebuildIndex(readIndex(later.stmt.Text, t, s.before.freeRelation(r.Schema, r.Name, "_new")), r.sql(), pgsql.Ident(r.Name))
					at := s
					if !slices.Contains(f.tr.steps, s) {
						at = later
					}
					f.add(at, "index-gap", d)
					break
				}
			}
		}
	}
}

// builds reports whether the statement makes an index that takes a dropped one's place.
func (s *step) builds(dropped *relation, was *index) bool {
	for oid, x := range s.after.indexes {
		r := s.after.relations[oid]
		if s.before.indexes[oid] != nil || x.Table != was.Table || r == nil {
			continue
		}
		if r.Name == dropped.Name || slices.Equal(x.Columns, was.Columns) && !x.Expression {
			return true
		}
	}
	return false
}

// foreignKeys finds several foreign keys to different tables in one transaction.
func (f *finder) foreignKeys() {
	type locked struct {
		last    *step
		child   *relation
		parents []string
	}
	byTx := make(map[int]*locked)
	for _, s := range f.tr.steps {
		if !s.ran() {
			continue
		}
		for _, oid := range sorted(s.after.constraints) {
			c := s.after.constraints[oid]
			child, parent := f.old(s, c.Table), f.old(s, c.References)
			if c.Kind != "f" || c.Parent != 0 || s.before.constraints[oid] != nil || child == nil || parent == nil || s.madeAnew(c) {
				continue
			}
			l := byTx[s.tx]
			if l == nil {
				l = &locked{}
				byTx[s.tx] = l
			}
			l.last, l.child = s, child
			if !slices.Contains(l.parents, parent.sql()) {
				l.parents = append(l.parents, parent.sql())
			}
		}
	}
	for _, s := range f.tr.steps {
		l := byTx[s.tx]
		if l == nil || l.last != s || len(l.parents) < 2 {
			continue
		}
		f.add(s, "multiple-foreign-keys", Diagnostic{
			Table: l.child.sql(), Lock: shareRowExclusiveLock,
			Text: fmt.Sprintf("foreign keys to %d tables in one transaction keep %s on all of them until it ends: %s", len(l.parents), lockName(shareRowExclusiveLock), join(l.parents)),
			Fix:  fix.Words("add one foreign key a file"),
		})
	}
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
