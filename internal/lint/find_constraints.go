package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// constraints finds new and validated constraints of old tables.
func (f *finder) constraints(s *step) {
	for _, oid := range sorted(s.after.constraints) {
		c := s.after.constraints[oid]
		t := f.oldTable(s, c.Table)
		if t == nil || c.Parent != 0 || !s.direct(t) || !c.Local {
			continue
		}
		switch was := s.before.constraints[oid]; {
		case was == nil && !s.madeAnew(c):
			f.newConstraint(s, t, c)
		case was != nil && !was.Validated && c.Validated:
			f.validated(s, t, c)
		}
	}
	if s.st.verb == "ALTER DOMAIN" {
		f.domain(s)
	}
}

// madeAnew reports whether the statement made an old constraint anew, as a change of type does.
func (s *step) madeAnew(c *constraint) bool {
	for oid, b := range s.before.constraints {
		if b.same(c) && s.after.constraints[oid] == nil {
			return !s.st.dropsConstraint(c.Name)
		}
	}
	return false
}

// validates reports whether the statement's text validates a constraint of that name.
func (st *statement) validates(name string) bool {
	return slices.ContainsFunc(st.actions, func(a words) bool {
		n, ok := a.name(2)
		return a.starts(0, "VALIDATE", "CONSTRAINT") && ok && n == name
	})
}

// same reports whether two constraints are one that was made anew, which gives it another OID.
func (c *constraint) same(o *constraint) bool {
	return c.Table == o.Table && c.Name == o.Name && c.Kind == o.Kind && slices.Equal(c.Columns, o.Columns)
}

// dropsConstraint reports whether the statement's text drops a constraint of that name.
func (st *statement) dropsConstraint(name string) bool {
	return slices.ContainsFunc(st.actions, func(a words) bool {
		i := 2
		if a.starts(i, "IF", "EXISTS") {
			i += 2
		}
		n, ok := a.name(i)
		return a.starts(0, "DROP", "CONSTRAINT") && ok && n == name
	})
}

func (f *finder) newConstraint(s *step, t *relation, c *constraint) {
	name := pgsql.Ident(c.Name)
	d := f.about(s, t)
	columns, ok := addColumns(s, t, c)
	notValid := fmt.Sprintf("%[4]sALTER TABLE %[1]s ADD CONSTRAINT %[2]s %[3]s NOT VALID;\n-- in a later transaction:\nALTER TABLE %[1]s VALIDATE CONSTRAINT %[2]s;",
		t.sql(), name, strings.TrimSuffix(c.Definition, " NOT VALID"), columns)
	if !ok {
		notValid = "add the column as it is said for that, then the constraint NOT VALID, and validate it in a later transaction"
	}
	if c.Validated && s.st.validates(c.Name) {
		d.Text = fmt.Sprintf("the statement validates %s %s, which it adds NOT VALID, and reads all of table %s under the lock of adding it: the other transactions wait until it is done",
			constraintKinds[c.Kind], name, f.name(t))
		d.Fix = notValid
		f.add(s, "validate-in-same-transaction", d)
		return
	}
	rows := columns == "" && ok // there may be some that violate it
	built := s.before.indexes[c.Index] == nil
	switch c.Kind {
	case "f":
		if !c.Validated || !s.said("validating foreign key constraint") {
			return
		}
		parent := s.after.relations[c.References]
		d.Text = fmt.Sprintf("adding foreign key %s checks every row of table %s, with %s on it and on %s, whose writes wait; the locks are kept %s",
			name, f.name(t), lockName(d.Lock), f.name(parent), f.until(s))
		d.Fix = notValid
		if t.Kind == "p" && f.settings.major < 18 {
			d.Fix = "add it NOT VALID on each partition, validate those, then add it to the partitioned table"
		}
		if rows {
			d.Query = orphans(s.after, c)
		}
		f.add(s, "add-fk-validating", d)
		f.said[parent.sql()] = true
		f.mayFail(s, t, c, d)
	case "c":
		if !c.Validated || !s.scannedAny(t.OID) && !s.rewrittenAny(t.OID) {
			return
		}
		d.Text = fmt.Sprintf("adding check %s reads all of table %s under %s: reads and writes wait until it is done, and the lock is kept %s", name, f.name(t), lockName(d.Lock), f.until(s))
		d.Fix = notValid
		if rows {
			d.Query = violators(t, c)
		}
		f.add(s, "add-check-validating", d)
		f.mayFail(s, t, c, d)
	case "u":
		if !built {
			return
		}
		d.Text = fmt.Sprintf("adding unique constraint %s builds an index on table %s under %s: reads and writes wait until it is done, and the lock is kept %s", name, f.name(t), lockName(d.Lock), f.until(s))
		d.Fix = usingIndex(s, t, c, "UNIQUE")
		f.add(s, "add-unique-blocking", d)
		f.unique(s, t, s.after.indexes[c.Index], columnList(s.after.relations[t.OID], c.Columns))
	case "p":
		f.primaryKey(s, t, c, built)
	case "x":
		d.Text = fmt.Sprintf("adding exclusion constraint %s builds an index on table %s and checks every row, under %s: reads and writes wait until it is done", name, f.name(t), lockName(d.Lock))
		d.Fix = "there is no online way: fill a new table that has the constraint, or take a maintenance window"
		f.add(s, "add-exclusion-constraint", d)
	}
}

func (f *finder) primaryKey(s *step, t *relation, c *constraint, built bool) {
	d := f.about(s, t)
	name := pgsql.Ident(c.Name)
	if built {
		d.Text = fmt.Sprintf("adding primary key %s builds an index on table %s under %s: reads and writes wait until it is done, and the lock is kept %s", name, f.name(t), lockName(d.Lock), f.until(s))
		d.Fix = usingIndex(s, t, c, "PRIMARY KEY")
		f.add(s, "add-pk-blocking", d)
		f.unique(s, t, s.after.indexes[c.Index], columnList(s.after.relations[t.OID], c.Columns))
		return
	}
	var recipes []string
	for _, n := range c.Columns {
		if was := t.columns[n]; was != nil && !was.NotNull {
			recipes = append(recipes, f.notNullRecipe(t, was))
		}
	}
	if len(recipes) == 0 || s.said("existing constraints on column") && !s.scannedAny(t.OID) {
		return
	}
	d.Text = fmt.Sprintf("making nullable columns the primary key %s reads all of table %s under %s: reads and writes wait until it is done", name, f.name(t), lockName(d.Lock))
	d.Fix = strings.Join(recipes, "\n")
	f.add(s, "add-pk-nullable-scan", d)
}

// usingIndex is how a unique constraint or primary key is added online.
func usingIndex(s *step, t *relation, c *constraint, kind string) string {
	index := pgsql.Ident(c.Name)
	columns, ok := addColumns(s, t, c)
	if !ok {
		return "add the column as it is said for that, build the unique index concurrently, then add the constraint USING INDEX"
	}
	deferrable := ""
	if i := strings.Index(c.Definition, " DEFERRABLE"); i >= 0 {
		deferrable = c.Definition[i:]
	}
	build, drop := index, ""
	if s.before.find(t.Schema, c.Name) != nil { // the index of a constraint that the statement drops, which the new one replaces
		build, drop = pgsql.Ident(short(c.Name+"_new")), fmt.Sprintf("DROP CONSTRAINT %s, ", index)
	}
	definition := strings.Replace(s.definitions[c.Index], " INDEX "+index+" ", " INDEX CONCURRENTLY "+build+" ", 1)
	fix := fmt.Sprintf("%s%s%s;\n-- then, in a file with a transaction:\nALTER TABLE %s %sADD CONSTRAINT %s %s USING INDEX %s%s;",
		noTransaction, columns, definition, t.sql(), drop, index, kind, build, deferrable)
	if t.Kind == "p" {
		return "build the index concurrently on each partition, add the constraint to each USING INDEX, then to the partitioned table"
	}
	return fix
}

// addColumns adds those of a constraint's columns that the statement added, as statements of their own. It is not ok if they cannot
// be added without a rewrite.
func addColumns(s *step, t *relation, c *constraint) (sql string, ok bool) {
	for _, n := range c.Columns {
		now := s.after.relations[t.OID].columns[n]
		if t.columns[n] != nil || now == nil {
			continue
		}
		if t.column(now.Name) != nil {
			return "", false // the statement drops one of that name
		}
		if s.rewrittenAny(t.OID) || now.NotNull && now.Default == "" {
			return "", false
		}
		sql += fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", t.sql(), pgsql.Ident(now.Name), now.TypeText)
		if now.Default != "" {
			sql += " DEFAULT " + now.Default
		}
		if now.NotNull {
			sql += " NOT NULL"
		}
		sql += ";\n"
	}
	return sql, true
}

// mayFail says that rows can be in the way of a new constraint. d is what was said of its scan.
func (f *finder) mayFail(s *step, t *relation, c *constraint, d Diagnostic) {
	if !slices.ContainsFunc(c.Columns, func(n int16) bool {
		now := s.after.relations[t.OID].columns[n]
		return f.oldColumn(t.OID, n) || c.Kind == "f" && now != nil && now.Default != ""
	}) {
		return // columns that nobody has filled
	}
	d.Text = fmt.Sprintf("%s %s fails if a row of table %s violates it", constraintKinds[c.Kind], pgsql.Ident(c.Name), t.sql())
	d.Fix = "look for those rows, and change them first"
	f.add(s, "constraint-may-fail-on-data", d)
}

// violators finds the rows that violate a check.
func violators(t *relation, c *constraint) string {
	expr, ok := strings.CutPrefix(c.Definition, "CHECK ")
	if !ok {
		return ""
	}
	expr = strings.TrimSuffix(strings.TrimSuffix(expr, " NOT VALID"), " NO INHERIT")
	return fmt.Sprintf("SELECT * FROM %s WHERE NOT %s LIMIT 100;", t.sql(), expr)
}

// orphans finds the rows that refer to nothing.
func orphans(s *snapshot, c *constraint) string {
	child, parent := s.relations[c.Table], s.relations[c.References]
	if child == nil || parent == nil || len(c.Columns) != len(c.RefColumns) {
		return ""
	}
	var on, set []string
	for i, n := range c.Columns {
		from, to := child.columns[n], parent.columns[c.RefColumns[i]]
		if from == nil || to == nil {
			return ""
		}
		on = append(on, fmt.Sprintf("p.%s = c.%s", pgsql.Ident(to.Name), pgsql.Ident(from.Name)))
		set = append(set, fmt.Sprintf("c.%s IS NOT NULL", pgsql.Ident(from.Name)))
	}
	return fmt.Sprintf("SELECT c.* FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s) LIMIT 100;",
		child.sql(), strings.Join(set, " AND "), parent.sql(), strings.Join(on, " AND "))
}

// unique says that equal rows can be in the way of a unique index.
func (f *finder) unique(s *step, t *relation, x *index, what string) {
	if x == nil || f.provenUnique(s, x) || slices.ContainsFunc(x.Columns[:x.Keys], func(n int16) bool { return !f.repeats(s, t, n) }) {
		return
	}
	d := f.about(s, t)
	d.Text = fmt.Sprintf("making %s unique on table %s fails if rows have the same values", what, t.sql())
	if s.st.concurrently {
		d.Text += ", and leaves an INVALID index"
	}
	d.Fix = "look for those rows, and change them first"
	where := ""
	if x.Predicate != "" {
		where = " WHERE " + x.Predicate
	}
	d.Query = fmt.Sprintf("SELECT %s, count(*) FROM %s%s GROUP BY %[1]s HAVING count(*) > 1 LIMIT 100;", what, t.sql(), where)
	f.add(s, "unique-data", d)
}

// repeats reports whether rows may have the same value in a column: in an old one, and in a new one that gave all of them its
// default. An expression, 0, is taken for an old one.
func (f *finder) repeats(s *step, t *relation, num int16) bool {
	if num == 0 || f.oldColumn(t.OID, num) {
		return true
	}
	came := s.after.relations[t.OID].columns[num]
	if t.columns[num] != nil {
		came = f.unwritten(s, t, t.columns[num])
	}
	return came != nil && !came.null() && came.Identity == "" && came.Generated == "" && !call().MatchString(came.Default)
}

// provenUnique reports whether another valid index makes some of the columns unique already, or did so when the file began.
func (f *finder) provenUnique(s *step, x *index) bool {
	for _, o := range union(s.before.indexes, f.start.indexes) {
		if o.Table != x.Table || !o.Unique || !o.Valid || o.Expression || o.Predicate != "" {
			continue
		}
		if !slices.ContainsFunc(o.Columns[:o.Keys], func(n int16) bool { return !slices.Contains(x.Columns[:x.Keys], n) }) {
			return true
		}
	}
	return false
}

// validated finds a constraint that is validated while strong locks from earlier are kept.
func (f *finder) validated(s *step, t *relation, c *constraint) {
	for _, oid := range sorted(s.before.relations) {
		kept := s.kept(oid)
		r := f.oldTable(s, oid)
		if r == nil || strength[kept] < strength[shareRowExclusiveLock] {
			continue
		}
		d := Diagnostic{Table: t.sql(), Lock: kept}
		d.Text = fmt.Sprintf("validating %s %s reads all of table %s while %s on %s from an earlier statement is kept, so the other transactions wait until it is done",
			constraintKinds[c.Kind], pgsql.Ident(c.Name), f.name(t), lockName(kept), r.sql())
		d.Fix = fmt.Sprintf("-- in a migration of its own:\nALTER TABLE %s VALIDATE CONSTRAINT %s;", t.sql(), pgsql.Ident(c.Name))
		f.add(s, "validate-in-same-transaction", d)
		return
	}
}

// domain finds tables that are read because of a domain's new constraint.
func (f *finder) domain(s *step) {
	for _, oid := range sorted(s.before.relations) {
		t := f.oldTable(s, oid)
		if t == nil || !s.scanned(oid) {
			continue
		}
		d := f.about(s, t)
		d.Text = fmt.Sprintf("the domain's constraint is checked on every row of table %s, under %s: writes wait until it is done", f.name(t), lockName(d.Lock))
		d.Fix = fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT ... CHECK (...) NOT VALID;\n-- in a later transaction:\nALTER TABLE %[1]s VALIDATE CONSTRAINT ...;", t.sql())
		f.add(s, "alter-domain-constraint-scan", d)
	}
}

// newIndexes finds indexes built on old tables by CREATE INDEX.
func (f *finder) newIndexes(s *step) {
	if s.st.verb != "CREATE INDEX" && s.st.verb != "DO" {
		return
	}
	for _, oid := range sorted(s.after.indexes) {
		x, r := s.after.indexes[oid], s.after.relations[oid]
		t := f.oldTable(s, x.Table)
		if s.before.indexes[oid] != nil || t == nil || r == nil || r.Parent != 0 || s.afterConstraint(oid) {
			continue
		}
		if x.Unique {
			f.unique(s, t, x, indexParts(s, x))
		}
		if s.st.concurrently {
			d := f.about(s, t)
			d.Text = fmt.Sprintf("building index %s reads table %s twice, and waits for all transactions that are older", pgsql.Ident(r.Name), f.name(t))
			f.add(s, "index-build-load", d)
			continue
		}
		d := f.about(s, t)
		if t.Kind == "p" {
			if s.st.anywhere("ON", "ONLY") {
				continue // it builds nothing
			}
			d.Text = fmt.Sprintf("building index %s on partitioned table %s takes %s on all its partitions: writes wait until all are built, and it is kept %s", pgsql.Ident(r.Name), f.name(t), lockName(d.Lock), f.until(s))
			d.Fix = f.partitionedIndex(s, t, r, x)
			f.add(s, "create-index-on-partitioned", d)
			continue
		}
		d.Text = fmt.Sprintf("building index %s takes %s on table %s: writes wait until it is built, and it is kept %s", pgsql.Ident(r.Name), lockName(d.Lock), f.name(t), f.until(s))
		d.Fix = noTransaction + strings.Replace(s.definitions[x.OID], " INDEX ", " INDEX CONCURRENTLY ", 1) + ";"
		if t.Kind == "m" {
			d.Text = strings.Replace(d.Text, "table", "materialized view", 1)
		}
		f.add(s, "create-index-blocking", d)
	}
}

// afterConstraint reports whether an index belongs to a constraint.
func (s *step) afterConstraint(index uint32) bool {
	for _, c := range s.after.constraints {
		if c.Index == index && c.Kind != "f" {
			return true
		}
	}
	return false
}

// indexParts names what an index is on, as its definition spells it.
func indexParts(s *step, x *index) string {
	if !x.Expression {
		return columnList(s.after.relations[x.Table], x.Columns[:x.Keys])
	}
	_, parts, _ := strings.Cut(s.definitions[x.OID], " USING ")
	i := strings.IndexByte(parts, '(')
	depth := 0
	for j := max(i, 0); j < len(parts); j++ {
		switch parts[j] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return parts[i+1 : j]
			}
		}
	}
	return ""
}

// partitionedIndex is how an index of a partitioned table is built online.
func (f *finder) partitionedIndex(s *step, t, r *relation, x *index) string {
	var b strings.Builder
	on := fmt.Sprintf(" ON ONLY %s ", pgsql.QualifiedIdent(t.Schema, t.Name))
	fmt.Fprintf(&b, "%s%s;\n", noTransaction, s.definitions[x.OID])
	if !strings.Contains(s.definitions[x.OID], on) {
		b.Reset()
		fmt.Fprintf(&b, "%s%s;\n", noTransaction, strings.Replace(s.definitions[x.OID], " ON ", " ON ONLY ", 1))
	}
	for _, oid := range s.before.family(t.OID)[1:] {
		p := s.before.relations[oid]
		if p == nil || p.Kind != "r" {
			continue
		}
		for child, cx := range s.after.indexes {
			cr := s.after.relations[child]
			if cx.Table == oid && s.before.indexes[child] == nil && cr != nil {
				fmt.Fprintf(&b, "%s;\nALTER INDEX %s ATTACH PARTITION %s;\n", strings.Replace(s.definitions[cx.OID], " INDEX ", " INDEX CONCURRENTLY ", 1), r.sql(), cr.sql())
			}
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// partitions finds partitions that are attached, detached or made beside a default one.
func (f *finder) partitions(s *step) {
	attach, attaches := s.st.action([]string{"ATTACH", "PARTITION"})
	creates := s.st.verb == "CREATE TABLE" && s.st.anywhere("PARTITION", "OF")
	if attaches {
		q, _, _ := attach.qualified(2)
		if p := s.before.find(q.schema, q.name); p != nil && f.oldTable(s, p.OID) != nil {
			built := false
			for oid, x := range s.after.indexes {
				built = built || x.Table == p.OID && s.before.indexes[oid] == nil
			}
			if s.scannedAny(p.OID) || built {
				d := f.about(s, p)
				a := s.after.relations[p.OID]
				d.Text = fmt.Sprintf("attaching table %s reads all of it under %s: its reads and writes wait until it is done", f.name(p), lockName(d.Lock))
				d.Fix = attachFix(p, a, s.stmt.Text)
				f.add(s, "attach-partition-scan", d)
			}
		}
	}
	if attaches || creates {
		for _, oid := range sorted(s.before.relations) {
			r := f.oldTable(s, oid)
			if r == nil || r.PartitionBound != "DEFAULT" || !s.scannedAny(oid) {
				continue
			}
			d := f.about(s, r)
			d.Text = fmt.Sprintf("a new partition beside default partition %s reads all of that under %s: its reads and writes wait until it is done", f.name(r), lockName(d.Lock))
			d.Fix = fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT ... CHECK (<the new partition's bounds do not hold>) NOT VALID;\n-- in a later transaction:\nALTER TABLE %[1]s VALIDATE CONSTRAINT ...;", r.sql())
			f.add(s, "default-partition-scan", d)
		}
	}
	if creates {
		for _, r := range s.after.relations {
			if parent := f.old(s, r.Parent); s.before.relations[r.OID] == nil && parent != nil && r.isTable() {
				d := f.about(s, parent)
				d.Text = fmt.Sprintf("making a partition takes %s on its parent %s", lockName(d.Lock), f.name(parent))
				d.Fix = fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING ALL);\nALTER TABLE %[2]s ATTACH PARTITION %[1]s %[3]s;", r.sql(), parent.sql(), r.PartitionBound)
				f.add(s, "create-partition-locks-parent", d)
			}
		}
	}
	if detach, ok := s.st.action([]string{"DETACH", "PARTITION"}); ok && !detach.has("CONCURRENTLY") && !detach.has("FINALIZE") {
		q, _, _ := detach.qualified(2)
		p, parent := s.before.find(q.schema, q.name), f.target(s)
		if p != nil && f.old(s, p.OID) != nil && parent != nil {
			d := f.about(s, parent)
			d.Text = fmt.Sprintf("detaching partition %s takes %s on its parent %s, so reads and writes of all partitions wait; it is kept %s", p.sql(), lockName(d.Lock), f.name(parent), f.until(s))
			d.Fix = fmt.Sprintf("%sALTER TABLE %s DETACH PARTITION %s CONCURRENTLY;", noTransaction, parent.sql(), p.sql())
			if f.settings.major < 14 {
				d.Fix = "PostgreSQL detaches concurrently from 14 on: keep the transaction short"
			}
			f.add(s, "detach-partition-blocking", d)
		}
	}
}

// attachFix is how a table is attached without being read.
func attachFix(before, after *relation, stmt string) string {
	check := pgsql.Ident(short(before.Name + "_bounds"))
	bounds := "<the bounds>"
	if after != nil && after.PartitionBound != "" {
		bounds = "<" + after.PartitionBound + ">"
	}
	return fmt.Sprintf("ALTER TABLE %[1]s ADD CONSTRAINT %[2]s CHECK (%[3]s) NOT VALID;\n-- in a later transaction:\nALTER TABLE %[1]s VALIDATE CONSTRAINT %[2]s;\n-- build the parent's indexes on it concurrently, then:\n%[4]s;\nALTER TABLE %[1]s DROP CONSTRAINT %[2]s;",
		before.sql(), check, bounds, stmt)
}
