package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// replacedObjects finds objects that the file exchanges for others under their names, and what hung on the old ones.
func replacedObjects(tr *trace) (found findings) {
	if len(tr.steps) == 0 {
		return nil
	}
	start, end := tr.start(), tr.end()
	for oid := range changed(start.relations, end.relations) {
		old := start.relations.Get(oid)
		if is := end.relations.Get(oid); is != nil && is.Name == old.Name && is.Schema == old.Schema {
			continue
		}
		now := end.find(old.Schema, old.Name)
		if tr.base.relations.Get(oid) == nil || now == nil || now.OID == oid || now.Schema != old.Schema || now.Parent != 0 || !old.isTable() && !old.isView() || !now.isTable() && !now.isView() {
			continue
		}
		s := tr.takesName(oid, old)
		if s == nil || old.isTable() && end.relations.Get(oid) == nil {
			continue // dropping a table is reported
		}
		d := Diagnostic{Table: old.sql(), Lock: s.lock(oid), Held: s.held(oid)}
		lost := start.lostWith(end, old, now)
		kind := "view"
		switch {
		case old.isTable() && now.isView():
			continue // rows are where they were
		case old.isTable():
			kind = "table"
			d.Text = fmt.Sprintf("another table takes the name of table %s: rows that are written meanwhile stay in %s", old.sql(), end.relations.Get(oid).sql())
			d.Fix = fix.Words("copy rows that change meanwhile with a trigger, and give the new table what the old one has before the exchange; or use ALTER TABLE")
		case old.Kind == "m":
			kind = "materialized view"
			d.Text = fmt.Sprintf("materialized view %s is exchanged for another: its readers wait until that is filled", old.sql())
			d.Fix = fix.Words("create the new one under another name, with its indexes and grants, then exchange the names in a short transaction")
		case len(lost) == 0:
			continue
		default:
			d.Text = fmt.Sprintf("view %s is exchanged for another", old.sql())
			d.Fix = fix.Words("use CREATE OR REPLACE VIEW, or grant the privileges again in the same file")
		}
		if len(lost) > 0 {
			d.Text += fmt.Sprintf("; the new %s doesn't have the old one's %s", kind, join(lost))
		}
		found.add(s, "replaced-object", d)
	}
	for oid := range changed(start.functions, end.functions) {
		old := start.functions.Get(oid)
		if tr.base.functions.Get(oid) == nil || end.functions.Get(oid) != nil {
			continue
		}
		for _, now := range end.functions.All() {
			if now.Schema != old.Schema || now.Name != old.Name || now.Args != old.Args {
				continue
			}
			var lost []string
			if now.Result != old.Result {
				lost = append(lost, fmt.Sprintf("returns %s instead of %s", now.Result, old.Result))
			}
			if roles := lostGrants(old.ACL, now.ACL); len(roles) > 0 {
				lost = append(lost, "isn't granted to "+join(roles))
			}
			s := tr.dropsFunction(oid)
			if len(lost) == 0 || s == nil {
				continue
			}
			found.add(s, "replaced-object", Diagnostic{
				Text: fmt.Sprintf("%s is exchanged for another, which %s", old.sql(), join(lost)),
				Fix:  fix.Words("create a function with another name or other arguments, move the callers, then drop the old one"),
			})
		}
	}
	return found
}

// takesName returns the statement after which a relation no longer has its name.
func (tr *trace) takesName(oid uint32, old *relation) *step {
	for _, s := range tr.steps {
		if r := s.after.relations.Get(oid); r == nil || r.Name != old.Name || r.Schema != old.Schema {
			if s.ran() {
				return s
			}
		}
	}
	return nil
}

func (tr *trace) dropsFunction(oid uint32) *step {
	for _, s := range tr.steps {
		if s.ran() && s.before.functions.Get(oid) != nil && s.after.functions.Get(oid) == nil {
			return s
		}
	}
	return nil
}

// lostWith returns what a relation had that the one which takes its name lacks.
func (s *snapshot) lostWith(end *snapshot, old, now *relation) (lost []string) {
	name := func(kind, name string) { lost = append(lost, kind+" "+pgsql.Ident(name)) }
	for _, grant := range lostGrants(old.ACL, now.ACL) {
		lost = append(lost, "grants to "+grant)
	}
	for oid, x := range s.indexes.All() {
		if x.Table != old.OID || s.hasConstraint(oid) || s.relations.Get(oid) == nil {
			continue
		}
		if !has(end.indexes, func(o *index) bool { return o.Table == now.OID && sameIndex(old, now, x, o) }) {
			name("index", s.relations.Get(oid).Name)
		}
	}
	for _, c := range s.constraints.All() {
		if c.Table == old.OID && !has(end.constraints, func(o *constraint) bool {
			return o.Table == now.OID && o.Kind == c.Kind && columnList(old, c.Columns) == columnList(now, o.Columns)
		}) {
			name(constraintKinds[c.Kind], c.Name)
		}
	}
	for oid, c := range s.constraints.All() {
		if o := end.constraints.Get(oid); c.Kind == "f" && c.References == old.OID && c.Table != old.OID && c.Parent == 0 && o != nil && o.References == old.OID {
			if t := s.relations.Get(c.Table); t != nil {
				lost = append(lost, fmt.Sprintf("foreign key %s of table %s", pgsql.Ident(c.Name), t.sql()))
			}
		}
	}
	for _, t := range s.triggers.All() {
		if t.Table == old.OID && !t.Internal && !has(end.triggers, func(o *trigger) bool { return o.Table == now.OID && o.Name == t.Name }) {
			name("trigger", t.Name)
		}
	}
	for _, p := range s.policies.All() {
		if p.Table == old.OID && !has(end.policies, func(o *policy) bool { return o.Table == now.OID && o.Name == p.Name }) {
			name("policy", p.Name)
		}
	}
	if old.RLS && !now.RLS {
		lost = append(lost, "row-level security")
	}
	for _, n := range sorted(old.columns) {
		c := old.columns[n]
		o := now.column(c.Name)
		if o == nil || !old.isTable() {
			continue
		}
		if c.Identity != "" && o.Identity == "" {
			name("identity of column", c.Name)
		}
		if c.Default != "" && o.Default == "" && o.Identity == "" {
			name("default of column", c.Name)
		}
		if c.NotNull && !o.NotNull {
			name("NOT NULL of column", c.Name)
		}
	}
	return lost
}

// sameIndex reports whether two indexes of tables have the same columns and conditions.
func sameIndex(old, now *relation, x, o *index) bool {
	return x.Unique == o.Unique && x.Expression == o.Expression && x.Predicate == o.Predicate && columnList(old, x.Columns) == columnList(now, o.Columns)
}

// lostGrants returns the roles to which an object was granted something that another isn't, without its owner.
func lostGrants(old, now []string) (roles []string) {
	for _, item := range old {
		role, privileges, grantor := grant(item)
		if role == grantor {
			continue
		}
		kept := slices.ContainsFunc(now, func(o string) bool {
			r, p, _ := grant(o)
			return r == role && !strings.ContainsFunc(strings.ReplaceAll(privileges, "*", ""), func(c rune) bool { return !strings.ContainsRune(p, c) })
		})
		if role == "" {
			role = "PUBLIC"
		}
		if !kept && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// aclItem matches an aclitem: the role as SQL, the letters of the privileges, and who granted them.
var aclItem = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^((?:"(?:[^"]|"")*")|[^=]*)=([A-Za-z*]*)/(.*)$`)
})

func grant(item string) (role, privileges, grantor string) {
	if m := aclItem().FindStringSubmatch(item); m != nil {
		return m[1], m[2], m[3]
	}
	return item, "", ""
}
