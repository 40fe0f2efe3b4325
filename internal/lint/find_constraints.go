package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
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
	if s.st.Verb == "ALTER DOMAIN" {
		f.domain(s)
	}
}

// madeAnew reports whether the statement made an old constraint anew, as a change of type does.
func (s *step) madeAnew(c *constraint) bool {
	for oid, b := range s.before.constraints {
		if b.same(c) && s.after.constraints[oid] == nil {
			return !s.dropsConstraint(c.Name)
		}
	}
	return false
}

// validates reports whether the statement's text validates a constraint of that name.
func (s *step) validates(name string) bool {
	return slices.ContainsFunc(s.st.Actions, func(a pgsql.Action) bool { return a.Verb == "VALIDATE CONSTRAINT" && a.Name.Name == name })
}

// same reports whether two constraints are one that was made anew, which gives it another OID.
func (c *constraint) same(o *constraint) bool {
	return c.Table == o.Table && c.Name == o.Name && c.Kind == o.Kind && slices.Equal(c.Columns, o.Columns)
}

// dropsConstraint reports whether the statement's text drops a constraint of that name.
func (s *step) dropsConstraint(name string) bool {
	return slices.ContainsFunc(s.st.Actions, func(a pgsql.Action) bool { return a.Verb == "DROP CONSTRAINT" && a.Name.Name == name })
}

func (f *finder) newConstraint(s *step, t *relation, c *constraint) {
	name := pgsql.Ident(c.Name)
	d := f.about(s, t)
	columns, ok := columnsFirst(s, t, c)
	notValid := fix.AddNotValid(columns, fix.Constraint{Table: t.sql(), Name: name, Definition: strings.TrimSuffix(c.Definition, " NOT VALID")})
	if !ok {
		notValid = fix.Words("add the column as it is said for that, then the constraint NOT VALID, and validate it in a later transaction")
	}
	if c.Validated && s.validates(c.Name) {
		d.Text = fmt.Sprintf("the statement validates %s %s, which it adds NOT VALID, and reads all of table %s under the lock of adding it: the other transactions wait until it is done",
			constraintKinds[c.Kind], name, f.name(t))
		d.Fix = notValid
		f.add(s, "validate-in-same-transaction", d)
		return
	}
	rows := len(columns) == 0 && ok // there may be some that violate it
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
			d.Fix = fix.Words("add it NOT VALID on each partition, validate those, then add it to the partitioned table")
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
		d.Fix = fix.Words("there is no online way: fill a new table that has the constraint, or take a maintenance window")
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
	var columns []fix.Column
	var checks []string
	for _, n := range c.Columns {
		if was := t.columns[n]; was != nil && !was.NotNull {
			columns = append(columns, s.before.fixColumn(t, was.Name, was.TypeText))
			checks = append(checks, s.before.notNullCheck(t, was))
		}
	}
	if len(columns) == 0 || s.said("existing constraints on column") && !s.scannedAny(t.OID) {
		return
	}
	d.Text = fmt.Sprintf("making nullable columns the primary key %s reads all of table %s under %s: reads and writes wait until it is done", name, f.name(t), lockName(d.Lock))
	d.Fix = fix.SetEachNotNull(columns, checks)
	f.add(s, "add-pk-nullable-scan", d)
}

// usingIndex is how a unique constraint or primary key is added online.
func usingIndex(s *step, t *relation, c *constraint, kind string) fix.Text {
	columns, ok := columnsFirst(s, t, c)
	if !ok {
		return fix.Words("add the column as it is said for that, build the unique index concurrently, then add the constraint USING INDEX")
	}
	if t.Kind == "p" {
		return fix.Words("build the index concurrently on each partition, add the constraint to each USING INDEX, then to the partitioned table")
	}
	k := fix.Key{Table: t.sql(), Name: pgsql.Ident(c.Name), Kind: kind}
	if _, deferrable, ok := strings.Cut(c.Definition, " DEFERRABLE"); ok {
		k.Deferrable = "DEFERRABLE" + deferrable
	}
	for oid, o := range s.before.constraints {
		if o.Table == t.OID && s.after.constraints[oid] == nil && (o.Name == c.Name || o.Kind == "p" && c.Kind == "p") {
			k.Replaces = pgsql.Ident(o.Name)
		}
	}
	build := c.Name
	if s.before.find(t.Schema, build) != nil { // the index of what it replaces
		build = s.before.freeRelation(t.Schema, c.Name, "_new")
	}
	k.Build = s.index(s.after.indexes[c.Index], build)
	return fix.UsingIndex(columns, k)
}

// columnsFirst are those of a constraint's columns that the statement added, to be added before the constraint. It is not ok if they
// cannot be added without a rewrite.
func columnsFirst(s *step, t *relation, c *constraint) (columns []fix.Column, ok bool) {
	for _, n := range c.Columns {
		now := s.after.relations[t.OID].columns[n]
		if t.columns[n] != nil || now == nil {
			continue
		}
		if t.column(now.Name) != nil {
			return nil, false // the statement drops one of that name
		}
		if s.rewrittenAny(t.OID) || now.NotNull && now.Default == "" {
			return nil, false
		}
		typ := now.TypeText
		if now.Default != "" {
			typ += " DEFAULT " + now.Default
		}
		if now.NotNull {
			typ += " NOT NULL"
		}
		columns = append(columns, s.before.fixColumn(t, now.Name, typ))
	}
	return columns, true
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
	d.Fix = fix.Words("look for those rows, and change them first")
	f.add(s, "constraint-may-fail-on-data", d)
}

// violators finds the rows that violate a check.
func violators(t *relation, c *constraint) fix.Text {
	expr, ok := strings.CutPrefix(c.Definition, "CHECK ")
	if !ok {
		return fix.Text{}
	}
	expr = strings.TrimSuffix(strings.TrimSuffix(expr, " NOT VALID"), " NO INHERIT")
	return fix.Rows(t.sql(), "NOT "+expr)
}

// orphans finds the rows that refer to nothing.
func orphans(s *snapshot, c *constraint) fix.Text {
	child, parent := s.relations[c.Table], s.relations[c.References]
	if child == nil || parent == nil || len(c.Columns) != len(c.RefColumns) {
		return fix.Text{}
	}
	var refer, to []string
	for i, n := range c.Columns {
		from, key := child.columns[n], parent.columns[c.RefColumns[i]]
		if from == nil || key == nil {
			return fix.Text{}
		}
		refer, to = append(refer, pgsql.Ident(from.Name)), append(to, pgsql.Ident(key.Name))
	}
	return fix.Orphans(child.sql(), refer, parent.sql(), to)
}

// unique says that equal rows can be in the way of a unique index.
func (f *finder) unique(s *step, t *relation, x *index, what string) {
	if x == nil || f.provenUnique(s, x) || slices.ContainsFunc(x.Columns[:x.Keys], func(n int16) bool { return !f.repeats(s, t, n) }) {
		return
	}
	d := f.about(s, t)
	d.Text = fmt.Sprintf("making %s unique on table %s fails if rows have the same values", what, t.sql())
	if s.st.Concurrently {
		d.Text += ", and leaves an INVALID index"
	}
	d.Fix = fix.Words("look for those rows, and change them first")
	d.Query = fix.Duplicates(what, t.sql(), x.Predicate)
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
		d.Fix = fix.Validate(t.sql(), pgsql.Ident(c.Name))
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
		d.Fix = fix.Words("put the constraint on the table's columns instead, NOT VALID, and validate it in a later transaction")
		var checks []fix.Constraint
		for _, n := range sortedColumns(t) {
			s.before.columnChecks(t, t.columns[n].Name, s.after.domainChecks(t.columns[n].Type, s.before, t.columns[n].Name), &checks)
		}
		if len(checks) > 0 {
			d.Fix = fix.AddNotValid(nil, checks...)
		}
		f.add(s, "alter-domain-constraint-scan", d)
	}
}

// newIndexes finds indexes built on old tables by CREATE INDEX.
func (f *finder) newIndexes(s *step) {
	if s.st.Verb != "CREATE INDEX" && s.st.Verb != "DO" {
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
		if s.st.Concurrently {
			d := f.about(s, t)
			d.Text = fmt.Sprintf("building index %s reads table %s twice, and waits for all transactions that are older", pgsql.Ident(r.Name), f.name(t))
			f.add(s, "index-build-load", d)
			continue
		}
		d := f.about(s, t)
		if t.Kind == "p" {
			if s.st.Rest.Starts(0, "ON", "ONLY") {
				continue // it builds nothing
			}
			d.Text = fmt.Sprintf("building index %s on partitioned table %s takes %s on all its partitions: writes wait until all are built, and it is kept %s", pgsql.Ident(r.Name), f.name(t), lockName(d.Lock), f.until(s))
			d.Fix = fix.CreatePartitionedIndex(s.partitionedIndex(oid))
			f.add(s, "create-index-on-partitioned", d)
			continue
		}
		d.Text = fmt.Sprintf("building index %s takes %s on table %s: writes wait until it is built, and it is kept %s", pgsql.Ident(r.Name), lockName(d.Lock), f.name(t), f.until(s))
		d.Fix = fix.CreateIndex(s.index(x, r.Name))
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

// partitionedIndex is how an index of a partitioned table that the statement made is built online. What partitions had before is
// attached, as the statement did.
func (s *step) partitionedIndex(oid uint32) fix.PartitionedIndex {
	x, r := s.after.indexes[oid], s.after.relations[oid]
	if s.before.indexes[oid] != nil {
		return fix.PartitionedIndex{Index: fix.Index{Full: r.sql()}, Built: true}
	}
	p := fix.PartitionedIndex{Index: s.index(x, r.Name), Partitioned: s.after.relations[x.Table].Kind == "p"}
	for _, child := range sorted(s.after.indexes) {
		if c := s.after.relations[child]; c != nil && c.Parent == oid {
			p.Parts = append(p.Parts, s.partitionedIndex(child))
		}
	}
	return p
}

// partitions finds partitions that are attached, detached or made beside a default one.
func (f *finder) partitions(s *step) {
	attach, attaches := s.action("ATTACH PARTITION")
	creates := s.st.Verb == "CREATE TABLE" && s.st.Rest.Starts(0, "PARTITION", "OF")
	if attaches {
		if p := s.before.find(attach.Name.Schema, attach.Name.Name); p != nil && f.oldTable(s, p.OID) != nil {
			built := false
			for oid, x := range s.after.indexes {
				built = built || x.Table == p.OID && s.before.indexes[oid] == nil
			}
			if s.scannedAny(p.OID) || built {
				d := f.about(s, p)
				d.Text = fmt.Sprintf("attaching table %s reads all of it under %s: its reads and writes wait until it is done", f.name(p), lockName(d.Lock))
				d.Fix = f.attach(s, p)
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
			d.Fix = f.besideDefault(s, r)
			f.add(s, "default-partition-scan", d)
		}
	}
	if creates {
		for _, r := range s.after.relations {
			if parent := f.old(s, r.Parent); s.before.relations[r.OID] == nil && parent != nil && r.isTable() {
				d := f.about(s, parent)
				d.Text = fmt.Sprintf("making a partition takes %s on its parent %s", lockName(d.Lock), f.name(parent))
				d.Fix = fix.CreatePartition(r.sql(), parent.sql(), r.PartitionBound)
				f.add(s, "create-partition-locks-parent", d)
			}
		}
	}
	if detach, ok := s.action("DETACH PARTITION"); ok && len(detach.Rest) == 0 {
		p, parent := s.before.find(detach.Name.Schema, detach.Name.Name), f.target(s)
		if p != nil && f.old(s, p.OID) != nil && parent != nil {
			d := f.about(s, parent)
			d.Text = fmt.Sprintf("detaching partition %s takes %s on its parent %s, so reads and writes of all partitions wait; it is kept %s", p.sql(), lockName(d.Lock), f.name(parent), f.until(s))
			d.Fix = fix.Detach(p.sql(), parent.sql())
			if f.settings.major < 14 {
				d.Fix = fix.Words("PostgreSQL detaches concurrently from 14 on: keep the transaction short")
			}
			f.add(s, "detach-partition-blocking", d)
		}
	}
}

// attach is how a table is attached without being read.
func (f *finder) attach(s *step, p *relation) fix.Text {
	bounds := s.bounds[p.OID]
	if bounds == "" {
		return fix.Words("add a check of the partition's bounds NOT VALID, validate it in a later transaction, then attach the table, and drop the check")
	}
	return fix.Attach(p.sql(), s.before.freeConstraint(p, p.Name, "_bounds"), bounds, s.stmt.Text)
}

// besideDefault is how a partition is made or attached without the default one being read.
func (f *finder) besideDefault(s *step, r *relation) fix.Text {
	for oid, bounds := range s.bounds {
		if p := s.after.relations[oid]; p.Parent == r.Parent && bounds != "" && s.after.relations[r.Parent].Parent == 0 {
			return fix.BesideDefault(r.sql(), s.before.freeConstraint(r, r.Name, "_without_"+p.Name), bounds, s.stmt.Text)
		}
	}
	return fix.Words("add a check to the default partition that it has no row of the new one, NOT VALID, validate it in a later transaction, then make the new one, and drop the check")
}
