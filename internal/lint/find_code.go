package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// code finds what changed about triggers, rules and functions.
func (f *finder) code(s *step) {
	for _, oid := range sorted(union(s.before.triggers, s.after.triggers)) {
		was, is := s.before.triggers[oid], s.after.triggers[oid]
		tr := is
		if tr == nil {
			tr = was
		}
		t := f.old(s, tr.Table)
		replaced := was != nil && is != nil && s.st.Verb == "CREATE TRIGGER" && len(s.st.Targets) == 1 && tr.Name == s.st.Targets[0].Name && s.lock(tr.Table) == shareRowExclusiveLock
		if t == nil || tr.Parent != 0 || was != nil && is != nil && was.Enabled == is.Enabled && !replaced {
			continue
		}
		d := f.about(s, t)
		switch {
		case (was == nil || replaced) && !tr.Internal:
			d.Text = fmt.Sprintf("creating trigger %s takes %s on table %s, so its writes wait; it is kept %s", pgsql.Ident(tr.Name), lockName(d.Lock), f.name(t), f.until(s))
			d.Fix = fix.Words("put the statement into a file of its own, so that the lock is kept for a moment only")
			f.add(s, "create-trigger-lock", d)
		case is == nil && !tr.Internal && f.base.triggers[oid] != nil && s.after.relations[tr.Table] != nil && s.st.Verb != "DROP FUNCTION" && !f.triggerAgain(tr):
			d.Text = fmt.Sprintf("without trigger %s of table %s what it kept up is not kept up any more", pgsql.Ident(tr.Name), t.sql())
			d.Fix = fix.Words("make sure that nothing relies on it")
			f.add(s, "drop-trigger", d)
		case was != nil && is != nil && was.Enabled != "D" && is.Enabled == "D" && f.base.triggers[oid] != nil:
			d.Text = fmt.Sprintf("while triggers of table %s are disabled, what is written is never checked", t.sql())
			d.Fix = fix.Words("leave triggers on")
			f.add(s, "disable-trigger", d)
		}
	}
	for _, oid := range sorted(s.after.rules) {
		r := s.after.rules[oid]
		if t := f.old(s, r.Table); s.before.rules[oid] == nil && t != nil {
			d := f.about(s, t)
			d.Text = fmt.Sprintf("creating rule %s takes %s on table %s, so its reads and writes wait; it is kept %s", pgsql.Ident(r.Name), lockName(d.Lock), f.name(t), f.until(s))
			d.Fix = fix.Words("use a trigger, or a view")
			f.add(s, "create-rule", d)
		}
	}
	f.functions(s)
	if s.otherwise != "" {
		d := Diagnostic{Fix: fix.Words("change it by ALTER TABLE, or leave IF NOT EXISTS out")}
		if len(s.st.Targets) > 0 {
			d.Table = sqlName(orPublic(s.st.Targets[0].Schema), s.st.Targets[0].Name)
		}
		d.Text = fmt.Sprintf("IF NOT EXISTS does nothing: table %s exists and %s", d.Table, s.otherwise)
		f.add(s, "if-not-exists-noop", d)
	}
	for _, oid := range sorted(s.after.extensions) {
		b, a := s.before.extensions[oid], s.after.extensions[oid]
		switch {
		case b == nil:
			f.add(s, "create-extension", Diagnostic{Text: fmt.Sprintf("creating extension %s runs its script", pgsql.Ident(a.Name))})
		case b.Version != a.Version:
			f.extensionUpgrade(s, a.Name)
		}
	}
}

func orPublic(schema string) string {
	if schema == "" {
		return "public"
	}
	return schema
}

func (f *finder) extensionUpgrade(s *step, name string) {
	f.add(s, "extension-upgrade", Diagnostic{
		Text: fmt.Sprintf("upgrading extension %s runs its scripts as they are on this server", pgsql.Ident(name)),
		Fix:  fix.Words("try it on a copy of the database"),
	})
}

func (f *finder) triggerAgain(t *trigger) bool {
	for _, o := range f.end.triggers {
		if o.Table == t.Table && o.Name == t.Name {
			return true
		}
	}
	return false
}

// functions finds replaced functions that something was computed by, and overloads by accident.
func (f *finder) functions(s *step) {
	for _, oid := range sorted(s.before.functions) {
		p := s.before.functions[oid]
		for _, u := range s.uses[oid] {
			t := f.old(s, u.Table)
			if t == nil {
				continue
			}
			d := f.about(s, t)
			d.Text = fmt.Sprintf("%s computed %s: what it computed for old rows stays, and is wrong without an error", p.sql(), u.Text)
			d.Fix = fix.Words(fmt.Sprintf("make a new function beside %s, and a new index or constraint with it, concurrently; then drop the old ones", sqlName(p.Schema, p.Name)))
			f.add(s, "replace-function-used-by-index", d)
		}
	}
	if !s.st.OrReplace {
		return
	}
	for _, oid := range sorted(s.after.functions) {
		p := s.after.functions[oid]
		if s.before.functions[oid] != nil {
			continue
		}
		for _, o := range f.end.functions {
			if o.OID != oid && f.base.functions[o.OID] != nil && o.Schema == p.Schema && o.Name == p.Name {
				f.add(s, "function-signature-changed", Diagnostic{
					Text: fmt.Sprintf("CREATE OR REPLACE makes a second function beside %s: calls go on to that, or become ambiguous", o.sql()),
					Fix:  fix.DropFunction(sqlName(o.Schema, o.Name) + "(" + o.Args + ")"),
				})
				break
			}
		}
	}
}

// work finds statements that read or write much while a table is locked against everybody since an earlier statement.
func (f *finder) work(s *step) {
	locked := f.lockedBefore(s)
	if locked == nil || s.onlyValidates() {
		return
	}
	table, what := f.slow(s)
	if table == nil || table.OID == locked.OID && strength[f.ownLock(s, table.OID)] >= strength[accessExclusiveLock] {
		return
	}
	d := Diagnostic{Table: locked.sql(), Lock: accessExclusiveLock}
	d.Text = fmt.Sprintf("the statement %s table %s while %s on table %s from an earlier statement is kept: its reads and writes wait until it is done", what, f.name(table), lockName(accessExclusiveLock), f.name(locked))
	d.Fix = fix.Words("put the statement into a migration of its own")
	f.add(s, "work-while-access-exclusive", d)
}

func (s *step) onlyValidates() bool {
	return s.st.Verb == "ALTER TABLE" && len(s.st.Actions) == 1 && s.st.Actions[0].Verb == "VALIDATE CONSTRAINT"
}

// ownLock is the strongest lock on a table that the statement's kind takes by itself: what is held already is not taken anew.
func (f *finder) ownLock(s *step, table uint32) string {
	if s.kept(table) != accessExclusiveLock {
		return s.lock(table)
	}
	switch s.st.Verb {
	case "ALTER TABLE":
		if slices.ContainsFunc(s.st.Actions, locksWriters) {
			return shareRowExclusiveLock
		}
		return accessExclusiveLock
	case "DROP TABLE", "TRUNCATE", "DROP INDEX", "CLUSTER":
		return accessExclusiveLock
	}
	return ""
}

// locksWriters reports whether an action locks its table against others' writes at most.
func locksWriters(a pgsql.Action) bool {
	switch a.Verb {
	case "VALIDATE CONSTRAINT", "ATTACH PARTITION":
		return true
	case "ADD CONSTRAINT", "ADD COLUMN":
		return a.Words.Anywhere("FOREIGN", "KEY")
	case "ALTER COLUMN":
		return a.Rest.Starts(0, "SET", "STATISTICS")
	}
	return false
}

// lockedBefore returns an old table that is locked against everybody since an earlier statement.
func (f *finder) lockedBefore(s *step) *relation {
	for _, oid := range sorted(s.before.relations) {
		if t := f.oldTable(s, oid); t != nil && s.kept(oid) == accessExclusiveLock {
			return t
		}
	}
	return nil
}

// slow returns an old table that the statement reads from end to end, rewrites, or writes many rows of.
func (f *finder) slow(s *step) (*relation, string) {
	for _, oid := range sorted(s.before.relations) {
		t := f.oldTable(s, oid)
		if t == nil || s.st.Verb == "TRUNCATE" || s.after.relations[oid] == nil {
			continue
		}
		switch {
		case s.rewritten(oid):
			return t, "rewrites"
		case s.scanned(oid) && (s.st.Verb == "UPDATE" || s.st.Verb == "DELETE" || s.st.Verb == "MERGE"):
			return t, "changes many rows of"
		case s.scanned(oid):
			return t, "reads all of"
		}
	}
	if t := f.target(s); t != nil && (s.st.Verb == "UPDATE" || s.st.Verb == "DELETE") && s.st.Rest.Find(0, "WHERE") < 0 {
		return t, "changes all rows of"
	}
	if s.said("validating foreign key constraint") {
		if t := f.target(s); t != nil {
			return t, "reads all of"
		}
	}
	return nil, ""
}

// access finds changed privileges.
func (f *finder) access(s *step) {
	w := s.st.Rest
	if s.st.Verb != "GRANT" && s.st.Verb != "REVOKE" && s.st.Verb != "ALTER DEFAULT PRIVILEGES" {
		return
	}
	on := w.Find(0, "ON")
	if on < 0 {
		return // membership of roles
	}
	d := Diagnostic{}
	i := on + 1
	if w.At(i) == "TABLE" {
		i++
	}
	// Of another kind, whose name comes first, a name follows.
	if q, next, ok := w.Name(i); ok && s.st.Verb != "ALTER DEFAULT PRIVILEGES" && slices.Contains([]string{",", "TO", "FROM"}, w.At(next)) {
		if r := s.before.find(q.Schema, q.Name); r != nil {
			d.Table = r.sql()
		}
	}
	d.Text = fmt.Sprintf("%s changes who may do what", strings.ToUpper(s.st.Verb))
	d.Fix = fix.Words("have it reviewed")
	f.add(s, "privilege-change", d)
	to := w.Find(on, "TO")
	if s.st.Verb == "REVOKE" || s.st.Verb != "GRANT" && w.Find(0, "GRANT") < 0 || to < 0 {
		return
	}
	if end := w.Find(to, "WITH"); end > 0 {
		w = w[:end]
	}
	for _, role := range w[to+1:].Split() {
		if role.At(0) == "PUBLIC" || role.Starts(0, "GROUP", "PUBLIC") {
			d.Text = "every role of the server gets the privilege, future ones too"
			d.Fix = fix.Words("grant it to a role")
			f.add(s, "grant-to-public", d)
		}
	}
}
