package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// changedPrivileges finds GRANT and REVOKE.
func changedPrivileges(s *step) (found findings) {
	w := s.st.Rest
	if s.st.Verb != "GRANT" && s.st.Verb != "REVOKE" && s.st.Verb != "ALTER DEFAULT PRIVILEGES" {
		return found
	}
	on := w.Find(0, "ON")
	if on < 0 {
		return found // role membership
	}
	d := Diagnostic{}
	i := on + 1
	if w.At(i) == "TABLE" {
		i++
	}
	// If it is another kind of object, a name follows instead.
	if q, next, ok := w.Name(i); ok && s.st.Verb != "ALTER DEFAULT PRIVILEGES" && slices.Contains([]string{",", "TO", "FROM"}, w.At(next)) {
		if r := s.before.find(q.Schema, q.Name); r != nil {
			d.Table = r.sql()
		}
	}
	d.Text = fmt.Sprintf("%s changes privileges", strings.ToUpper(s.st.Verb))
	d.Fix = fix.Words("have it reviewed")
	found.add(s, "privilege-change", d)
	to := w.Find(on, "TO")
	if s.st.Verb == "REVOKE" || s.st.Verb != "GRANT" && w.Find(0, "GRANT") < 0 || to < 0 {
		return found
	}
	if end := w.Find(to, "WITH"); end > 0 {
		w = w[:end]
	}
	for _, role := range w[to+1:].Split() {
		if role.At(0) == "PUBLIC" || role.Starts(0, "GROUP", "PUBLIC") {
			d.Text = "every role on the server gets the privilege, including future ones"
			d.Fix = fix.Words("grant it to a specific role")
			found.add(s, "grant-to-public", d)
		}
	}
	return found
}

// changedRowSecurity finds changes to which rows a role sees.
func changedRowSecurity(s *step, b, a *relation) (found findings) {
	on := b.RLS != a.RLS && a.RLS || b.ForceRLS != a.ForceRLS && a.ForceRLS
	off := b.RLS != a.RLS && !a.RLS || b.ForceRLS != a.ForceRLS && !a.ForceRLS
	if on && !s.newPolicy(b.OID) {
		d := s.about(b)
		d.Text = fmt.Sprintf("row-level security on table %s hides rows from roles that no policy covers", b.sql())
		d.Fix = fix.PolicyFirst(b.sql(), pgsql.Ident(pgsql.Fit(b.Name, "_rows")), s.stmt.Text)
		found.add(s, "enable-rls", d)
	}
	if off {
		d := s.about(b)
		d.Text = fmt.Sprintf("without row-level security, everyone with privileges on table %s sees every row", b.sql())
		d.Fix = fix.Words("have it reviewed")
		found.add(s, "disable-rls", d)
	}
	if at := s.trace.start().relations.Get(b.OID); !a.RLS || at == nil || !at.RLS {
		return found // policies have no effect yet, or are part of the change
	}
	for c := range oidmap.Changes(s.before.policies, s.after.policies) {
		oid, was, is := c.Key, c.Before, c.After
		p := is
		if p == nil {
			p = was
		}
		if p.Table != b.OID || was != nil && is != nil || was != nil && s.trace.base.policies.Get(oid) == nil {
			continue
		}
		d := s.about(b)
		switch opens := p.Permissive == (is != nil); {
		case opens && is != nil:
			d.Text = fmt.Sprintf("permissive policy %s exposes more rows of table %s", pgsql.Ident(p.Name), b.sql())
		case opens:
			d.Text = fmt.Sprintf("dropping restrictive policy %s exposes more rows of table %s", pgsql.Ident(p.Name), b.sql())
		case is != nil:
			d.Text = fmt.Sprintf("restrictive policy %s hides rows of table %s", pgsql.Ident(p.Name), b.sql())
		default:
			d.Text = fmt.Sprintf("dropping policy %s hides rows of table %s from those that it admitted", pgsql.Ident(p.Name), b.sql())
		}
		d.Fix = fix.Words("have it reviewed")
		if p.Permissive == (is != nil) {
			found.add(s, "disable-rls", d)
		} else {
			found.add(s, "enable-rls", d)
		}
	}
	return found
}

// newPolicy reports whether the table has policies after the file.
func (s *step) newPolicy(table uint32) bool {
	return has(s.end().policies, func(p *policy) bool { return p.Table == table })
}
