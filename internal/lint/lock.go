package lint

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
)

// otherWork finds tables that were rewritten, or scanned under a strong lock, and that no other finding of the
// statement names.
func otherWork(s *step, others findings) (found findings) {
	switch s.st.Verb {
	case "CLUSTER", "REFRESH", "REINDEX", "TRUNCATE", "VACUUM":
		return nil // covered by the statement's text
	}
	for _, oid := range s.touched() {
		t := s.oldTable(oid)
		if t == nil || others.name(s, t) {
			continue
		}
		d := s.about(t)
		switch {
		case s.rewritten(oid):
			d.Text = fmt.Sprintf("the statement rewrites or empties table %s under %s, which blocks reads and writes %s", s.name(t), lockName(d.Lock), s.until())
			d.Fix = fix.Words("create a new table or column, fill it in batches, then swap the two")
			found.add(s, "table-rewrite", d)
		case s.scanned(oid) && strength[d.Lock] >= strength[shareLock] && strength[d.Lock] > strength[s.held(oid)]:
			d.Text = fmt.Sprintf("the statement scans table %s under %s, which blocks writes %s", s.name(t), lockName(d.Lock), s.until())
			d.Fix = fix.Words("take the lock and read the table in separate transactions")
			found.add(s, "table-scan", d)
		}
	}
	return found
}

// name reports whether a finding names the table or a table that it is a partition of.
func (l findings) name(s *step, t *relation) bool {
	for ; t != nil; t = s.before.relations.Get(t.Parent) {
		if slices.ContainsFunc(l, func(f finding) bool { return f.Table == t.sql() || slices.Contains(f.also, t.sql()) }) {
			return true
		}
	}
	return false
}

// workWhileLocked finds slow statements that run while an earlier statement's ACCESS EXCLUSIVE lock is held.
func workWhileLocked(s *step) (found findings) {
	locked := lockedBefore(s)
	if locked == nil || s.onlyValidates() {
		return found
	}
	table, what := slow(s)
	if table == nil || table.OID == locked.OID && strength[s.lock(table.OID)] >= strength[hazard.AccessExclusive] {
		return found
	}
	d := s.about(locked)
	d.Text = fmt.Sprintf("the statement %s table %s while an earlier statement holds %s on table %s, so its reads and writes wait until it is done", what, s.name(table), lockName(hazard.AccessExclusive), s.name(locked))
	d.Fix = fix.Words("put the statement in a separate migration")
	found.add(s, "work-while-access-exclusive", d)
	found[0].work = table
	return found
}

func (s *step) onlyValidates() bool {
	return s.st.Verb == "ALTER TABLE" && len(s.st.Actions) == 1 && s.st.Actions[0].Verb == "VALIDATE CONSTRAINT"
}

// lockedBefore returns an existing table on which an earlier statement's ACCESS EXCLUSIVE lock is held.
func lockedBefore(s *step) *relation {
	for oid := range s.before.locks.All() {
		if t := s.oldTable(oid); t != nil && s.held(oid) == hazard.AccessExclusive {
			return t
		}
	}
	return nil
}

// slow returns an existing table that the statement scans, rewrites, or changes many rows of.
func slow(s *step) (*relation, string) {
	for _, oid := range s.touched() {
		t := s.oldTable(oid)
		if t == nil || s.truncates(t) || s.after.relations.Get(oid) == nil {
			continue
		}
		switch {
		case s.rewritten(oid):
			return t, "rewrites"
		case s.scanned(oid) && (s.st.Verb == "UPDATE" || s.st.Verb == "DELETE" || s.st.Verb == "MERGE"):
			return t, "changes many rows of"
		case s.scanned(oid):
			return t, "scans"
		}
	}
	if t := s.target(); t != nil && (s.st.Verb == "UPDATE" || s.st.Verb == "DELETE") && s.st.Rest.Find(0, "WHERE") < 0 {
		return t, "changes all rows of"
	}
	for c := range oidmap.Changes(s.before.constraints, s.after.constraints) {
		if a := c.After; a != nil && a.Kind == "f" && a.Validated && s.messaged(fmt.Sprintf("validating foreign key constraint %q", a.Name)) {
			if t := s.oldTable(a.Table); t != nil {
				return t, "scans"
			}
		}
	}
	return nil, ""
}

// truncates reports whether the statement, or one in its block, is a TRUNCATE of the table.
func (s *step) truncates(t *relation) bool {
	return s.st.Verb == "TRUNCATE" || slices.ContainsFunc(s.parts, func(p *step) bool { return p.st.Verb == "TRUNCATE" && p.named(t) })
}

func lockTable(s *step) (found findings) {
	lock := lockMode(s.st)
	if strength[lock] < strength[shareLock] {
		return nil // it blocks neither reads nor writes
	}
	for _, q := range s.st.Targets {
		if t := s.before.find(q.Schema, q.Name); t != nil && s.oldTable(t.OID) != nil && !s.neededLater(t, lock) {
			found.add(s, "explicit-lock-table", Diagnostic{
				Table: t.sql(), Lock: lock, Held: s.held(t.OID),
				Text: fmt.Sprintf("LOCK TABLE takes %s on table %s and holds it %s", lockName(lock), s.name(t), s.until()),
				Fix:  fix.Words("remove it: each statement takes the lock it needs"),
			})
		}
	}
	return found
}

// neededLater reports whether a later ALTER TABLE of the transaction needs the lock anyway.
func (s *step) neededLater(t *relation, lock string) bool {
	return slices.ContainsFunc(s.trace.steps, func(o *step) bool {
		at := o.target()
		return o.tx == s.tx && o.stmt.Pos.Offset > s.stmt.Pos.Offset && o.st.Verb == "ALTER TABLE" && at != nil && at.OID == t.OID &&
			strength[o.lock(t.OID)] >= strength[lock]
	})
}

// lockModes are the relevant lock modes, by strength.
var lockModes = []struct{ name, sql string }{
	{"RowShareLock", "ROW SHARE"}, {rowExclusive, "ROW EXCLUSIVE"}, {shareUpdateExclusive, "SHARE UPDATE EXCLUSIVE"}, {shareLock, "SHARE"},
	{hazard.ShareRowExclusive, "SHARE ROW EXCLUSIVE"}, {"ExclusiveLock", "EXCLUSIVE"}, {hazard.AccessExclusive, "ACCESS EXCLUSIVE"},
}

// locks are the modes in which a relation is locked. Bit i is lockModes[i], as in the query session.
type locks int16

// strongest returns the name of the strongest mode, "" if there is none.
func (l locks) strongest() string {
	if l == 0 {
		return ""
	}
	return lockModes[bits.Len16(uint16(l))-1].name
}

const (
	rowExclusive         = "RowExclusiveLock"
	shareUpdateExclusive = "ShareUpdateExclusiveLock"
	shareLock            = "ShareLock"
)

// strength orders the lock modes.
var strength = func() map[string]int {
	m := make(map[string]int)
	for i, mode := range lockModes {
		m[mode.name] = i + 1
	}
	return m
}()

// Stronger reports whether a lock that is held already, "" for none, blocks more than the statement's own.
func Stronger(held, own string) bool {
	return strength[held] >= weakest && strength[held] > strength[own]
}

// lockName names a lock as SQL does: "an ACCESS EXCLUSIVE lock".
func lockName(mode string) string {
	for _, m := range lockModes {
		switch {
		case m.name != mode:
		case strings.Contains("AE", m.sql[:1]):
			return "an " + m.sql + " lock"
		default:
			return "a " + m.sql + " lock"
		}
	}
	return "a lock"
}

// onBoth names the locks that the statement takes on two tables, of which b may be new: "a SHARE lock on a and b".
func (s *step) onBoth(a, b *relation) string {
	if a.OID == b.OID || s.old(b.OID) == nil {
		return lockName(s.lock(a.OID)) + " on " + s.name(a)
	}
	if s.lock(a.OID) == s.lock(b.OID) {
		return fmt.Sprintf("%s on %s and %s", lockName(s.lock(a.OID)), s.name(a), s.name(b))
	}
	return fmt.Sprintf("%s on %s and %s on %s", lockName(s.lock(a.OID)), s.name(a), lockName(s.lock(b.OID)), s.name(b))
}

// blocked says what the statement's locks on two tables, of which b may be new, block: "writes to both".
func (s *step) blocked(a, b *relation) string {
	strongest := func(r *relation) bool { return s.lock(r.OID) == hazard.AccessExclusive }
	switch one := a.OID == b.OID || s.old(b.OID) == nil; {
	case one && strongest(a):
		return "its reads and writes"
	case one:
		return "its writes"
	case strongest(a) && strongest(b):
		return "reads and writes of both"
	case strongest(a):
		return fmt.Sprintf("reads and writes of %s, and writes to %s", a.sql(), b.sql())
	}
	return "writes to both"
}
