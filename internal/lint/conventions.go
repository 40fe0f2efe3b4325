package lint

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/project"
)

// Conventions of a project: patterns for names, rules of its own, and habits that are checked if it wants that.

// namingCodes are Atlas's codes for names that break a convention, by kind of object.
var namingCodes = map[string]string{
	"schema": "NM101", "table": "NM102", "column": "NM103", "index": "NM104", "foreign_key": "NM105", "check": "NM106",
}

// conventions finds what breaks a project's own conventions.
func conventions(tr *trace, p Policy) (found findings) {
	for _, s := range tr.steps {
		for _, r := range p.Rules {
			if !r.Match.MatchString(s.stmt.Text) {
				continue
			}
			d := Diagnostic{Text: fmt.Sprintf("%s (rule %s)", r.Message, strconv.Quote(r.Name)), Severity: Warning}
			if t := s.target(); t != nil {
				d.Table = t.sql()
			}
			if r.Error {
				d.Severity = Error
			}
			found = append(found, finding{step: s, rule: "custom-rule", on: true, Diagnostic: d})
		}
		if len(p.Owners) > 0 {
			found = append(found, owned(s, p.Owners)...)
		}
		if len(p.Naming) > 0 && s.ran() {
			found = append(found, badNames(s, p)...)
		}
	}
	return found
}

// owned finds changes of tables, views and sequences, or of their rows, that somebody owns.
func owned(s *step, owners []project.Owner) (found findings) {
	changed := make(map[uint32]bool)
	for _, o := range append([]*step{s}, s.parts...) {
		for c := range oidmap.Changes(o.before.relations, o.after.relations) {
			changed[c.Key] = true
			for _, x := range []*index{o.before.indexes.Get(c.Key), o.after.indexes.Get(c.Key)} {
				if x != nil {
					changed[x.Table] = true
				}
			}
		}
		for c := range oidmap.Changes(o.before.triggers, o.after.triggers) {
			if tr := cmp.Or(c.Before, c.After); !tr.Internal {
				changed[tr.Table] = true
			}
		}
		for c := range oidmap.Changes(o.before.policies, o.after.policies) {
			changed[cmp.Or(c.Before, c.After).Table] = true
		}
		targets := o.st.Targets
		if o.st.Verb == "VACUUM" || o.st.Verb == "ANALYZE" || o.st.Verb == "ANALYSE" {
			targets = nil
		}
		for _, names := range [][]pgsql.Name{targets, inserts(o.st)} {
			for _, q := range names {
				if r := o.before.find(q.Schema, q.Name); r != nil {
					changed[r.OID] = true
				}
			}
		}
		for _, c := range changesRows(o.st) {
			if r := o.before.find(c.Targets[0].Schema, c.Targets[0].Name); r != nil {
				changed[r.OID] = true
			}
		}
	}
	for _, oid := range sorted(changed) {
		r := s.trace.base.relations.Get(oid)
		if r == nil {
			continue
		}
		for _, o := range owners {
			if matches([]*regexp.Regexp{o.Match}, r.sql()) {
				found = append(found, finding{step: s, rule: "ownership-policy", on: true, Diagnostic: Diagnostic{
					Table: r.sql(), Text: fmt.Sprintf("the statement changes %s, which %s owns", r.sql(), o.Name),
					Fix: fix.Words("have " + o.Name + " review the change, then say so: -- atlas:nolint ownership-policy -- REASON"),
				}})
			}
		}
	}
	return found
}

// badNames finds the names that a statement gives and that don't match the project's patterns.
func badNames(s *step, p Policy) (found findings) {
	check := func(kind, what, name string, d Diagnostic) {
		pattern, ok := p.Naming[kind]
		if !ok {
			pattern, ok = p.Naming[""]
		}
		if !ok || pattern.Match.MatchString(name) {
			return
		}
		d.Text = fmt.Sprintf("the name of %s doesn't match %s", what, strconv.Quote(pattern.Match.String()))
		if pattern.Message != "" {
			d.Text = fmt.Sprintf("the name of %s breaks a convention: %s", what, pattern.Message)
		}
		d.Code = namingCodes[kind]
		found = append(found, finding{step: s, rule: "naming-convention", on: true, Diagnostic: d})
	}
	for oid := range changed(s.after.schemas, s.before.schemas) {
		name := s.after.schemas.Get(oid)
		check("schema", "schema "+pgsql.Ident(name), name, Diagnostic{})
	}
	for _, oid := range s.touched() {
		b, a := s.before.relations.Get(oid), s.after.relations.Get(oid)
		if a == nil || strings.HasPrefix(a.Schema, "pg_temp_") || !a.isTable() && !a.isView() {
			continue
		}
		d := Diagnostic{Table: a.sql()}
		if b == nil || b.Name != a.Name {
			what := "table "
			if a.isView() {
				what = "view "
			}
			check("table", what+a.sql(), a.Name, d)
		}
		for _, n := range sorted(a.columns) {
			if c := a.columns[n]; a.Parent == 0 && (b == nil || b.columns[n] == nil || b.columns[n].Name != c.Name) {
				d.Column = pgsql.Ident(c.Name)
				check("column", "column "+a.sql()+"."+d.Column, c.Name, d)
			}
		}
	}
	for oid := range changed(s.after.indexes, s.before.indexes) {
		r, t := s.after.relations.Get(oid), s.after.relations.Get(s.after.indexes.Get(oid).Table)
		if b := s.before.relations.Get(oid); r == nil || t == nil || r.Parent != 0 || s.after.indexes.Get(oid).Primary || b != nil && b.Name == r.Name {
			continue
		}
		check("index", "index "+r.sql(), r.Name, Diagnostic{Table: t.sql()})
	}
	for oid := range changed(s.after.constraints, s.before.constraints) {
		c, b := s.after.constraints.Get(oid), s.before.constraints.Get(oid)
		t := s.after.relations.Get(c.Table)
		if t == nil || c.Parent != 0 || !c.Local || b != nil && b.Name == c.Name || s.recreation(c) {
			continue
		}
		switch c.Kind {
		case "f":
			check("foreign_key", "foreign key "+pgsql.Ident(c.Name)+" of table "+t.sql(), c.Name, Diagnostic{Table: t.sql()})
		case "c":
			check("check", "check "+pgsql.Ident(c.Name)+" of table "+t.sql(), c.Name, Diagnostic{Table: t.sql()})
		}
	}
	return found
}

// inheritanceColumn finds a column that Rails takes for the one of single-table inheritance.
func inheritanceColumn(s *step) (found findings) {
	for _, oid := range s.touched() {
		b, a := s.oldTable(oid), s.after.relations.Get(oid)
		if b == nil || a == nil || !s.direct(b) {
			continue
		}
		if c := a.column("type"); c != nil && b.column("type") == nil && (c.TypeText == "text" || strings.HasPrefix(c.TypeText, "character varying")) {
			d := s.about(b)
			d.Column = pgsql.Ident(c.Name)
			d.Text = fmt.Sprintf("Rails reads column %s.%s as the class of each row, and fails for values that name none", b.sql(), d.Column)
			d.Fix = fix.Words("use another name, or make the application ignore the column first")
			found.add(s, "add-inheritance-column", d)
		}
	}
	return found
}

// padded finds new tables whose columns, in another order, would take less space.
func padded(s *step) (found findings) {
	for _, oid := range s.touched() {
		t := s.after.relations.Get(oid)
		if t == nil || s.before.relations.Get(oid) != nil || t.Kind != "r" && t.Kind != "p" || t.Parent != 0 {
			continue
		}
		var columns []*column
		for _, n := range sorted(t.columns) {
			columns = append(columns, t.columns[n])
		}
		best := slices.Clone(columns)
		slices.SortStableFunc(best, func(a, b *column) int { return cmp.Compare(b.alignment(), a.alignment()) })
		const worth = 8 // bytes per row
		if saved := padding(columns) - padding(best); saved >= worth {
			var names []string
			for _, c := range best {
				names = append(names, pgsql.Ident(c.Name))
			}
			found.add(s, "column-alignment", Diagnostic{
				Table: t.sql(), Text: fmt.Sprintf("the order of table %s's columns wastes %d bytes in each row", t.sql(), saved),
				Fix: fix.Words("declare them in the order " + strings.Join(names, ", ")),
			})
		}
	}
	return found
}

// alignment returns the number of bytes of which the column's offset is a multiple, 0 for a value of variable length,
// which needs none if it is short.
func (c *column) alignment() int {
	if c.Len < 0 {
		return 0
	}
	return map[string]int{"c": 1, "s": 2, "i": 4, "d": 8}[c.Align]
}

// padding returns the bytes between columns, as far as lengths are known: a value of variable length is counted as if
// the next one didn't depend on it.
func padding(columns []*column) int {
	offset, wasted := 0, 0
	for _, c := range columns {
		align := c.alignment()
		if align == 0 {
			offset = 0
			continue
		}
		gap := (align - offset%align) % align
		wasted += gap
		offset += gap + int(c.Len)
	}
	return wasted
}

// injections finds functions and blocks that execute a text with values in it that aren't quoted.
func injections(s *step) (found findings) {
	switch s.st.Verb {
	case "CREATE FUNCTION", "CREATE PROCEDURE", "DO":
	default:
		return nil
	}
	for i, t := range s.st.Rest {
		if t.Kind != pgsql.String || s.st.Rest.At(i-1) == "LANGUAGE" || s.st.Verb != "DO" && s.st.Rest.At(i-1) != "AS" {
			continue
		}
		text := pgsql.StringValue(t.Text)
		w := pgsql.Words(pgsql.Tokens(text))
		for j := range w {
			if w.At(j) != "EXECUTE" || !begins(w, j) && w.At(j-1) != "IN" && w.At(j-1) != "QUERY" {
				continue
			}
			end := w.Find(j, ";")
			if end < 0 {
				end = len(w)
			}
			if what := unquoted(w[j+1 : end]); what != "" {
				found.add(s, "sql-injection-in-function", Diagnostic{
					Text: fmt.Sprintf("EXECUTE inserts %s into its text without quoting it, so a value can contain SQL", what),
					Fix:  fix.Words("use format with %I for names and %L for values, or USING for values"),
				})
				break
			}
		}
	}
	return found
}

// unquoted returns a part of an expression that EXECUTE executes and that isn't quoted, "" if there is none.
func unquoted(w pgsql.Words) string {
	for _, end := range []string{"INTO", "USING", "LOOP"} {
		if i := w.Find(0, end); i >= 0 {
			w = w[:i]
		}
	}
	var operands []pgsql.Words
	start := 0
	for i := w.Find(0, "||"); i >= 0; i = w.Find(start, "||") {
		operands = append(operands, unwrapped(w[start:i]))
		start = i + 1
	}
	operands = append(operands, unwrapped(w[start:]))
	for _, o := range operands {
		switch name := o.At(0); {
		case len(o) == 1 && (o[0].Kind == pgsql.String || o[0].Kind == pgsql.Number):
		case len(operands) == 1 && name != "FORMAT": // the whole text is a variable
		case strings.HasPrefix(name, "QUOTE_"):
		case name == "FORMAT" && len(o) > 2 && o[2].Kind == pgsql.String:
			args := o[2 : len(o)-1].Split()
			if strings.Contains(pgsql.StringValue(o[2].Text), "%s") && slices.ContainsFunc(args[1:], func(a pgsql.Words) bool { return len(a) != 1 || a[0].Kind != pgsql.String }) {
				return "an argument of %s"
			}
		case len(o) > 0:
			var text []string
			for _, t := range o {
				text = append(text, t.Text)
			}
			return strings.Join(text, "")
		}
	}
	return ""
}

// vulnerable are published vulnerabilities of extensions, with the first version that has them and the one that fixed
// them.
var vulnerable = map[string][]struct{ first, fixed, cve string }{
	"pg_ivm":      {{"0", "1.5.1", "CVE-2023-22847 and CVE-2023-23554"}},
	"pg_partman":  {{"0", "4.5.1", "CVE-2021-33204"}},
	"pglogical":   {{"0", "2.3.4", "CVE-2021-3515"}, {"3", "3.6.26", "CVE-2021-3515"}},
	"timescaledb": {{"2.8", "2.9.3", "CVE-2023-25149"}},
}

// vulnerableExtension finds an extension that the statement installs in a version with a published vulnerability.
func vulnerableExtension(s *step) (found findings) {
	if s.st.Verb != "CREATE EXTENSION" && s.st.Verb != "ALTER EXTENSION" || len(s.st.Targets) != 1 {
		return nil
	}
	name, version := s.st.Targets[0].Name, ""
	w := s.st.Rest
	for i := range w {
		if (w.At(i) == "VERSION" || w.At(i) == "TO" && w.At(i-1) == "UPDATE") && i+1 < len(w) {
			version = strings.Trim(w[i+1].Text, `'"`)
		}
	}
	for _, e := range s.after.extensions.All() {
		if e.Name == name && version == "" {
			version = e.Version
		}
	}
	for _, v := range vulnerable[name] {
		if version != "" && !older(version, v.first) && older(version, v.fixed) {
			found.add(s, "vulnerable-extension", Diagnostic{
				Text: fmt.Sprintf("version %s of extension %s has %s, fixed in %s", version, pgsql.Ident(name), v.cve, v.fixed),
				Fix:  fix.Words("install a later version"),
			})
		}
	}
	return found
}

// older reports whether a version comes before another.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		var m, n int
		if i < len(x) {
			m, _ = strconv.Atoi(x[i])
		}
		if i < len(y) {
			n, _ = strconv.Atoi(y[i])
		}
		if m != n {
			return m < n
		}
	}
	return false
}
