package lint

import (
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// droppedRoutines finds dropped functions.
func droppedRoutines(s *step) (found findings) {
	for oid := range changed(s.before.functions, s.after.functions) {
		p := s.before.functions.Get(oid)
		if s.after.functions.Get(oid) != nil || s.trace.base.functions.Get(oid) == nil {
			continue
		}
		if !has(s.end().functions, func(a *function) bool { return a.Schema == p.Schema && a.Name == p.Name && a.Args == p.Args }) {
			found.add(s, "drop-function", Diagnostic{
				Text: fmt.Sprintf("dropping %s breaks everything that still calls it", p.sql()),
				Fix:  fix.Words("deploy its callers first, then drop it in a later release"),
			})
		}
	}
	return found
}

func (p *function) sql() string {
	kind := map[string]string{"p": "procedure", "a": "aggregate"}[p.Kind]
	if kind == "" {
		kind = "function"
	}
	return fmt.Sprintf("%s %s(%s)", kind, sqlName(p.Schema, p.Name), p.Args)
}

// renamedRoutines finds renamed functions.
func renamedRoutines(s *step) (found findings) {
	for oid := range changed(s.before.functions, s.after.functions) {
		b, a := s.before.functions.Get(oid), s.after.functions.Get(oid)
		if a != nil && s.trace.base.functions.Get(oid) != nil && s.renames(b.Schema, b.Name, a.Schema, a.Name) {
			found.add(s, "rename-view", renamedObject("function", sqlName(b.Schema, b.Name), sqlName(a.Schema, a.Name)))
		}
	}
	return found
}

// replacedRoutines finds replaced functions whose results are stored, for example in an index, and accidental
// overloads.
func replacedRoutines(s *step) (found findings) {
	for _, oid := range sorted(s.uses) {
		p := s.before.functions.Get(oid)
		for _, u := range s.uses[oid] {
			t := s.old(u.Table)
			if t == nil {
				continue
			}
			d := s.about(t)
			d.Text = fmt.Sprintf("%s computed %s: its old results remain and are silently wrong", p.sql(), u.Text)
			d.Fix = fix.Words(fmt.Sprintf("create a new function next to %s, and concurrently a new index or constraint that uses it; then drop the old ones", sqlName(p.Schema, p.Name)))
			found.add(s, "replace-function-used-by-index", d)
		}
	}
	if !s.st.OrReplace {
		return found
	}
	for oid := range changed(s.after.functions, s.before.functions) {
		p := s.after.functions.Get(oid)
		if s.before.functions.Get(oid) != nil {
			continue
		}
		for _, o := range s.end().functions.All() {
			if o.OID != oid && s.trace.base.functions.Get(o.OID) != nil && o.Schema == p.Schema && o.Name == p.Name {
				found.add(s, "function-signature-changed", Diagnostic{
					Text: fmt.Sprintf("CREATE OR REPLACE creates a second function next to %s: calls still go to that one, or become ambiguous", o.sql()),
					Fix:  fix.DropFunction(sqlName(o.Schema, o.Name) + "(" + o.Args + ")"),
				})
				break
			}
		}
	}
	return found
}

// changedTriggers finds new, dropped and disabled triggers.
func changedTriggers(s *step) (found findings) {
	for c := range oidmap.Changes(s.before.triggers, s.after.triggers) {
		oid, was, is := c.Key, c.Before, c.After
		tr := is
		if tr == nil {
			tr = was
		}
		t := s.old(tr.Table)
		replaced := was != nil && is != nil && s.st.Verb == "CREATE TRIGGER" && len(s.st.Targets) == 1 && tr.Name == s.st.Targets[0].Name && s.lock(tr.Table) == hazard.ShareRowExclusive
		if t == nil || tr.Parent != 0 || was != nil && is != nil && was.Enabled == is.Enabled && !replaced {
			continue
		}
		d := s.about(t)
		switch {
		case (was == nil || replaced) && !tr.Internal:
			d.Text = fmt.Sprintf("creating trigger %s takes %s on table %s, which blocks writes %s", pgsql.Ident(tr.Name), lockName(d.Lock), s.name(t), s.until())
			d.Fix = fix.Words("put the statement in a separate file, so that the lock is held only briefly")
			found.add(s, "create-trigger-lock", d)
		case is == nil && !tr.Internal && s.trace.base.triggers.Get(oid) != nil && s.after.relations.Get(tr.Table) != nil && s.st.Verb != "DROP FUNCTION" && !s.triggerAgain(tr):
			d.Text = fmt.Sprintf("dropping trigger %s of table %s stops the work that it did", pgsql.Ident(tr.Name), t.sql())
			d.Fix = fix.Words("make sure that nothing relies on it")
			found.add(s, "drop-trigger", d)
		case was != nil && is != nil && was.Enabled != "D" && is.Enabled == "D" && s.trace.base.triggers.Get(oid) != nil:
			d.Text = fmt.Sprintf("rows written while triggers of table %s are disabled are never checked", t.sql())
			d.Fix = fix.Words("leave triggers enabled")
			found.add(s, "disable-trigger", d)
		}
	}
	return found
}

func (s *step) triggerAgain(t *trigger) bool {
	return has(s.end().triggers, func(o *trigger) bool { return o.Table == t.Table && o.Name == t.Name })
}

// newRules finds new rewrite rules.
func newRules(s *step) (found findings) {
	for oid := range changed(s.after.rules, s.before.rules) {
		r := s.after.rules.Get(oid)
		if t := s.old(r.Table); s.before.rules.Get(oid) == nil && t != nil {
			d := s.about(t)
			d.Text = fmt.Sprintf("creating rule %s takes %s on table %s, which blocks reads and writes %s", pgsql.Ident(r.Name), lockName(d.Lock), s.name(t), s.until())
			d.Fix = fix.Words("use a trigger or a view")
			found.add(s, "create-rule", d)
		}
	}
	return found
}

// droppedExtensions finds dropped extensions.
func droppedExtensions(s *step) (found findings) {
	for oid := range changed(s.before.extensions, s.after.extensions) {
		if s.trace.base.extensions.Get(oid) == nil || s.after.extensions.Get(oid) != nil {
			continue
		}
		found.add(s, "drop-extension", Diagnostic{
			Text: fmt.Sprintf("dropping extension %s drops its functions, types and operators", pgsql.Ident(s.before.extensions.Get(oid).Name)),
			Fix:  fix.Words("check what uses them, then drop it without CASCADE"),
		})
	}
	return found
}

// changedExtensions finds new and upgraded extensions.
func changedExtensions(s *step) (found findings) {
	for oid := range changed(s.after.extensions, s.before.extensions) {
		b, a := s.before.extensions.Get(oid), s.after.extensions.Get(oid)
		switch {
		case b == nil:
			found.add(s, "create-extension", Diagnostic{Text: fmt.Sprintf("creating extension %s runs its script", pgsql.Ident(a.Name))})
		case b.Version != a.Version:
			found = append(found, extensionUpgrade(s, a.Name)...)
		}
	}
	return found
}

func extensionUpgrade(s *step, name string) (found findings) {
	found.add(s, "extension-upgrade", Diagnostic{
		Text: fmt.Sprintf("upgrading extension %s runs the upgrade scripts that this server has installed", pgsql.Ident(name)),
		Fix:  fix.Words("try it on a copy of the database"),
	})
	return found
}

func extensionStays(s *step) bool {
	return !has(s.before.extensions, func(e *extension) bool { return s.after.extensions.Get(e.OID) == nil })
}
