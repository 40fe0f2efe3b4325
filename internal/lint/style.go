package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// optional finds hazards whose rules are off by default: style, names and habits.
func optional(tr *trace) (found findings) {
	altered := make(map[string]*step)
	locked := make(map[int][]string)
	limits := make(map[string]bool)
	for _, s := range tr.steps {
		found = append(found, settingsMissing(s, limits)...)
		found = append(found, sessionSetting(s)...)
		found = append(found, vulnerableExtension(s)...)
		found = append(found, injections(s)...)
		if !s.ran() {
			continue
		}
		for _, check := range []func(*step) findings{newTables, newColumns, newTypes, otherConstraints, otherIndexes, names, repeatable, inheritanceColumn, padded} {
			found = append(found, check(s)...)
		}
		if t := s.target(); s.st.Verb == "ALTER TABLE" && t != nil {
			if altered[t.sql()] != nil && altered[t.sql()].tx == s.tx {
				d := s.about(t)
				d.Text = fmt.Sprintf("an earlier statement already alters table %s", t.sql())
				d.Fix = fix.Words("write one ALTER TABLE with all actions")
				found.add(s, "combine-alter-table", d)
			}
			altered[t.sql()] = s
		}
		found = append(found, window(s, locked)...)
	}
	return found
}

// settingsMissing finds statements that lock a table without a timeout.
func settingsMissing(s *step, set map[string]bool) (found findings) {
	if s.st.Verb == "SET" {
		for _, parameter := range s.st.Targets {
			set[parameter.Name] = true
		}
		return found
	}
	if !s.ran() || set["lock_timeout"] && set["statement_timeout"] {
		return found
	}
	for _, oid := range s.touched() {
		t := s.oldTable(oid)
		if t == nil || strength[s.lock(oid)] < strength[shareLock] || strength[s.held(oid)] >= strength[s.lock(oid)] {
			continue
		}
		d := s.about(t)
		if !set["lock_timeout"] {
			d.Text = fmt.Sprintf("the statement waits indefinitely for %s on table %s, and all others queue up after it", lockName(d.Lock), t.sql())
			d.Fix = fix.LockTimeout()
			found.add(s, "missing-lock-timeout", d)
		}
		if !set["statement_timeout"] {
			d.Text = fmt.Sprintf("the statement may hold %s on table %s indefinitely", lockName(d.Lock), t.sql())
			d.Fix = fix.StatementTimeout()
			found.add(s, "missing-statement-timeout", d)
		}
		return found
	}
	return found
}

// sessionSetting finds a setting that outlasts the transaction.
func sessionSetting(s *step) (found findings) {
	if s.st.Verb != "SET" || s.trace.file.TxNone || len(s.st.Targets) != 1 || s.of != nil {
		return nil
	}
	w := pgsql.Words(pgsql.Tokens(s.stmt.Text))
	if name := s.st.Targets[0].Name; w.At(1) == "LOCAL" || slices.Contains([]string{"constraints", "transaction"}, name) {
		return nil
	}
	found.add(s, "session-setting", Diagnostic{
		Text: fmt.Sprintf("%s stays set after the transaction, for whatever else the session runs", s.st.Targets[0].Name),
		Fix:  fix.Words("use SET LOCAL"),
	})
	return found
}

// window finds a second table on which one transaction holds an ACCESS EXCLUSIVE lock.
func window(s *step, locked map[int][]string) (found findings) {
	for oid := range s.after.locks.All() {
		t := s.oldTable(oid)
		if t == nil || s.asked != nil || s.after.locks.Get(oid).strongest() != hazard.AccessExclusive || slices.Contains(locked[s.tx], t.sql()) {
			continue
		}
		locked[s.tx] = append(locked[s.tx], t.sql())
		if len(locked[s.tx]) > 1 {
			d := s.about(t)
			d.Text = fmt.Sprintf("the transaction holds %s on %s", lockName(hazard.AccessExclusive), join(locked[s.tx]))
			d.Fix = fix.Words("change one table per file")
			found.add(s, "wide-lock-window", d)
		}
	}
	return found
}

// newTables checks the tables that the statement created.
func newTables(s *step) (found findings) {
	for _, oid := range s.touched() {
		t := s.after.relations.Get(oid)
		if t == nil || s.before.relations.Get(oid) != nil || t.Kind != "r" && t.Kind != "p" || t.Parent != 0 || strings.HasPrefix(t.Schema, "pg_temp_") {
			continue
		}
		d := Diagnostic{Table: t.sql()}
		if t.Persistence == "u" {
			d.Text = fmt.Sprintf("table %s is empty after a crash", t.sql())
			d.Fix = fix.Words("omit UNLOGGED")
			found.add(s, "unlogged-table", d)
		}
		keyed := has(s.end().constraints, func(c *constraint) bool { return c.Table == oid && c.Kind == "p" })
		if !keyed && s.end().relations.Get(oid) != nil {
			d.Text = fmt.Sprintf("table %s has no primary key", t.sql())
			d.Fix = fix.AddID(t.sql(), pgsql.Ident(freeColumn(s.end().relations.Get(oid), "id", "")))
			found.add(s, "table-without-pk", d)
		}
	}
	for oid := range changed(s.after.constraints, s.before.constraints) {
		c := s.after.constraints.Get(oid)
		if t, parent := s.after.relations.Get(c.Table), s.old(c.References); c.Kind == "f" && s.before.constraints.Get(oid) == nil && t != nil && parent != nil && c.Parent == 0 {
			d := s.about(parent)
			d.Text = fmt.Sprintf("foreign key %s of table %s takes %s on %s, which blocks its writes %s", pgsql.Ident(c.Name), t.sql(), lockName(d.Lock), s.name(parent), s.until())
			d.Fix = fix.Words("keep the transaction short")
			found.add(s, "create-table-fk-locks-parent", d)
		}
	}
	return found
}

// columnRule returns the rule against a type, and the type to use instead. The rule is "" if there is none.
func columnRule(typ string) (rule, instead string) {
	switch name, limited := hazard.TypeName(typ); name {
	case "smallint", "integer":
		return "prefer-bigint", "bigint"
	case "character varying":
		if limited {
			return "prefer-text", "text"
		}
	case "character":
		return "ban-char-field", "text"
	case "timestamp without time zone":
		return "prefer-timestamptz", "timestamptz"
	case "json":
		return "prefer-jsonb", "jsonb"
	case "money":
		return "avoid-money", "numeric"
	case "real", "double precision":
		return "avoid-float", "numeric"
	}
	return "", ""
}

// newColumns checks the types of columns that are new or have a new type.
func newColumns(s *step) (found findings) {
	for _, oid := range s.touched() {
		t := s.after.relations.Get(oid)
		if t == nil || !t.isTable() || t.Parent != 0 {
			continue
		}
		added := false
		for _, n := range sorted(t.columns) {
			c := t.columns[n]
			if b := s.before.relations.Get(oid); b != nil && b.columns[n] != nil {
				if b.columns[n].Type == c.Type {
					continue
				}
			} else if b != nil {
				added = true
			}
			d := Diagnostic{Table: t.sql(), Column: pgsql.Ident(c.Name)}
			if rule, instead := columnRule(c.TypeText); rule != "" {
				d.Text = fmt.Sprintf("column %s.%s is %s", t.sql(), d.Column, c.TypeText)
				d.Fix = fix.Words("use " + instead)
				found.add(s, rule, d)
			}
			if s.after.serial(c) {
				d.Text = fmt.Sprintf("column %s.%s is a serial", t.sql(), d.Column)
				d.Fix = fix.Words("use bigint GENERATED BY DEFAULT AS IDENTITY")
				found.add(s, "prefer-identity", d)
			}
		}
		if b := s.before.relations.Get(oid); added && b != nil {
			found = append(found, staleViews(s, t)...)
		}
	}
	return found
}

// staleViews finds views that showed all columns of a table before one was added.
func staleViews(s *step, t *relation) (found findings) {
	b := s.before.relations.Get(t.OID)
	for oid := range s.before.relations.All() {
		v := s.before.relations.Get(oid)
		if !v.isView() || len(v.columns) < len(b.columns) {
			continue
		}
		if all := !slices.ContainsFunc(sorted(b.columns), func(n int16) bool { return v.column(b.columns[n].Name) == nil }); all {
			found.add(s, "view-select-star-stale", Diagnostic{
				Table: v.sql(), Text: fmt.Sprintf("view %s shows all columns of %s except the new one", v.sql(), t.sql()), Fix: fix.Words("recreate the view with CREATE OR REPLACE VIEW"),
			})
		}
	}
	return found
}

func newTypes(s *step) (found findings) {
	for oid := range changed(s.after.types, s.before.types) {
		b, a := s.before.types.Get(oid), s.after.types.Get(oid)
		name := sqlName(a.Schema, a.Name)
		switch {
		case b == nil && a.Kind == "e":
			found.add(s, "create-enum", Diagnostic{Text: fmt.Sprintf("values of type %s can't be removed", name), Fix: fix.Words("use a table of values")})
		case b == nil && a.Kind == "d" && s.after.constrained(oid):
			found.add(s, "create-domain-with-constraint", Diagnostic{Text: fmt.Sprintf("the constraint of domain %s can't be changed online", name), Fix: fix.Words("put the check on the columns")})
		case b != nil && len(a.Labels) > len(b.Labels) && !placed(s.st):
			found.add(s, "enum-value-ordering", Diagnostic{Text: fmt.Sprintf("the new value of type %s sorts last", name), Fix: fix.Words("give its position with BEFORE or AFTER")})
		}
	}
	return found
}

// placed reports whether an ALTER TYPE gives the position of the new value.
func placed(st *pgsql.Statement) bool {
	at := st.Rest.At(len(st.Rest) - 2)
	return at == "BEFORE" || at == "AFTER"
}

func otherConstraints(s *step) (found findings) {
	for oid := range changed(s.after.constraints, s.before.constraints) {
		c := s.after.constraints.Get(oid)
		t := s.after.relations.Get(c.Table)
		if s.before.constraints.Get(oid) != nil || t == nil || c.Parent != 0 || s.recreation(c) {
			continue
		}
		d := Diagnostic{Table: t.sql()}
		if c.Kind == "p" {
			for _, n := range c.Columns {
				if k := t.columns[n]; k != nil && (k.TypeText == "integer" || k.TypeText == "smallint") {
					d.Column = pgsql.Ident(k.Name)
					d.Text = fmt.Sprintf("primary key %s.%s is %s", t.sql(), d.Column, k.TypeText)
					d.Fix = fix.Words("use bigint or uuid")
					found.add(s, "short-primary-key", d)
				}
			}
		}
		d.Column = ""
		if c.Kind == "f" {
			found = append(found, references(s, t, c)...)
		}
		if !namesConstraint(s.st, c.Name) && (s.st.Verb == "CREATE TABLE" || s.st.Verb == "ALTER TABLE") {
			d.Text = fmt.Sprintf("%s %s of table %s has a name that PostgreSQL chose", constraintKinds[c.Kind], pgsql.Ident(c.Name), t.sql())
			d.Fix = fix.Words("name it, as CONSTRAINT " + pgsql.Ident(c.Name))
			found.add(s, "unnamed-constraint", d)
		}
	}
	return found
}

// references checks the columns of a new foreign key.
func references(s *step, t *relation, c *constraint) (found findings) {
	d := Diagnostic{Table: t.sql()}
	parent := s.after.relations.Get(c.References)
	for i, n := range c.Columns {
		if parent == nil || i >= len(c.RefColumns) || t.columns[n] == nil || parent.columns[c.RefColumns[i]] == nil {
			continue
		}
		if from, to := t.columns[n], parent.columns[c.RefColumns[i]]; from.TypeText != to.TypeText {
			d.Column = pgsql.Ident(from.Name)
			d.Text = fmt.Sprintf("column %s.%s is %s, but references a column of type %s", t.sql(), d.Column, from.TypeText, to.TypeText)
			d.Fix = fix.Words("use " + to.TypeText)
			found.add(s, "fk-type-mismatch", d)
		}
	}
	return append(found, unindexed(s, t, c)...)
}

// slowActions finds new foreign keys whose action on deletes has no index to find the rows by.
func slowActions(s *step) (found findings) {
	for oid := range changed(s.after.constraints, s.before.constraints) {
		c := s.after.constraints.Get(oid)
		t := s.after.relations.Get(c.Table)
		if s.before.constraints.Get(oid) != nil || c.Kind != "f" || t == nil || c.Parent != 0 || s.recreation(c) {
			continue
		}
		if strings.Contains(c.Definition, " ON DELETE CASCADE") || strings.Contains(c.Definition, " ON DELETE SET ") {
			list := unindexed(s, t, c)
			for i := range list {
				list[i].on = true
			}
			found = append(found, list...)
		}
	}
	return found
}

// unindexed finds a foreign key whose columns no index begins with.
func unindexed(s *step, t *relation, c *constraint) (found findings) {
	d := Diagnostic{Table: t.sql()}
	if has(s.end().indexes, func(x *index) bool {
		return x.Table == c.Table && len(x.Columns) >= len(c.Columns) && sameSet(x.Columns[:len(c.Columns)], c.Columns) && x.Predicate == ""
	}) {
		return found
	}
	d.Text = fmt.Sprintf("no index begins with the columns of foreign key %s of table %s", pgsql.Ident(c.Name), t.sql())
	base := t.Name
	for _, n := range c.Columns {
		base += "_" + t.columns[n].Name
	}
	on := "(" + columnList(t, c.Columns) + ")"
	d.Fix = fix.CreatePartitionedIndex(s.end().partitioned(t, func(p *relation) fix.Index {
		name := s.end().freeRelation(p.Schema, strings.Replace(base, t.Name, p.Name, 1), "_idx")
		return fix.Index{Name: pgsql.Ident(name), Full: sqlName(p.Schema, name), Table: p.sql(), On: on}
	}))
	found.add(s, "fk-without-index", d)
	return found
}

func otherIndexes(s *step) (found findings) {
	for oid := range changed(s.after.indexes, s.before.indexes) {
		x, r := s.after.indexes.Get(oid), s.after.relations.Get(oid)
		t := s.after.relations.Get(x.Table)
		if s.before.indexes.Get(oid) != nil || r == nil || t == nil || r.Parent != 0 {
			continue
		}
		d := Diagnostic{Table: t.sql()}
		const wide = 3
		if !x.Unique && x.Keys > wide {
			d.Text = fmt.Sprintf("index %s of table %s has %d columns", pgsql.Ident(r.Name), t.sql(), x.Keys)
			d.Fix = fix.Words("narrow it")
			found.add(s, "wide-index", d)
		}
		for other, o := range s.after.indexes.All() {
			if other == oid || o.Table != x.Table || x.Unique || x.Expression || o.Expression || x.Predicate != o.Predicate ||
				len(o.Columns) < len(x.Columns) || !slices.Equal(o.Columns[:len(x.Columns)], x.Columns) {
				continue
			}
			d.Text = fmt.Sprintf("index %s begins with the columns of the new index %s", s.after.relations.Get(other).sql(), pgsql.Ident(r.Name))
			d.Fix = fix.Words("remove it")
			found.add(s, "redundant-index", d)
			break
		}
		for other, o := range s.after.indexes.All() {
			if was := s.after.relations.Get(other); other != oid && was != nil && x.covers(o) && !s.after.hasConstraint(other) && !o.Identity && was.Parent == 0 && s.end().indexes.Get(other) != nil {
				d.Text = fmt.Sprintf("the new index %s begins with the columns of index %s", pgsql.Ident(r.Name), was.sql())
				d.Fix = fix.DropIndexes([]string{was.sql()}, "", nil)
				if t.Kind == "p" {
					d.Fix = fix.Words("drop the old one")
				}
				found.add(s, "redundant-index", d)
			}
		}
	}
	return found
}

// covers reports whether the index serves all queries that another serves.
func (x *index) covers(o *index) bool {
	return o.Table == x.Table && !o.Unique && !o.Exclusion && !x.Expression && !o.Expression && x.Valid && x.Predicate == o.Predicate &&
		len(x.Columns) > len(o.Columns) && slices.Equal(x.Columns[:len(o.Columns)], o.Columns)
}

// namesConstraint reports whether a statement names a constraint, itself or through its index.
func namesConstraint(st *pgsql.Statement, constraint string) bool {
	for i := range st.Rest {
		if at := st.Rest.At(i); at != "CONSTRAINT" && (at != "INDEX" || st.Rest.At(i-1) != "USING") {
			continue
		}
		if n, _, ok := st.Rest.Name(i + 1); ok && n.Name == constraint {
			return true
		}
	}
	return false
}

// names checks the names that the statement gives.
func names(s *step) (found findings) {
	for _, n := range s.messages {
		if n.Code == pgsql.NameTooLong {
			found.add(s, "identifier-too-long", Diagnostic{Text: n.Message, Fix: fix.Words("shorten the name")})
		}
	}
	for _, oid := range s.touched() {
		r := s.after.relations.Get(oid)
		if r == nil {
			continue
		}
		check := func(name string) {
			if name != strings.ToLower(name) {
				found.add(s, "mixed-case-identifier", Diagnostic{Table: r.sql(), Text: fmt.Sprintf("%s must always be quoted", pgsql.Ident(name)), Fix: fix.Words("use lower case")})
			}
		}
		b := s.before.relations.Get(oid)
		// PostgreSQL derives the names of indexes and sequences that the statement doesn't name from those of tables.
		derived := !r.isTable() && !r.isView() && !strings.Contains(s.stmt.Text, r.Name)
		if (b == nil || b.Name != r.Name) && !derived {
			check(r.Name)
		}
		for _, n := range sorted(r.columns) {
			if b == nil || b.columns[n] == nil || b.columns[n].Name != r.columns[n].Name {
				check(r.columns[n].Name)
			}
		}
	}
	if strings.HasSuffix(s.st.Verb, " TABLE") || s.st.Verb == "TRUNCATE" || s.st.Verb == "UPDATE" || s.st.Verb == "DELETE" || s.st.Verb == "INSERT" {
		for _, q := range s.st.Targets {
			if q.Schema == "" {
				found.add(s, "require-table-schema", Diagnostic{Table: pgsql.Ident(q.Name), Text: fmt.Sprintf("what %s refers to depends on search_path", pgsql.Ident(q.Name)), Fix: fix.Words("write its schema")})
			}
		}
	}
	return found
}

// repeatable finds statements that fail when a file that stopped halfway is run again.
func repeatable(s *step) (found findings) {
	if !s.trace.file.TxNone || len(s.trace.steps) < 2 {
		return found
	}
	if first, _, _ := strings.Cut(s.st.Verb, " "); (first == "CREATE" || first == "DROP") && !s.st.IfExists && !s.st.IfNotExists && !s.st.OrReplace {
		found.add(s, "not-rerunnable", Diagnostic{Text: "the statement fails if the file stops halfway and is run again", Fix: fix.Words("use IF [NOT] EXISTS, or one statement per file")})
	}
	return found
}
