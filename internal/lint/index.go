package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// newIndexes finds indexes that CREATE INDEX builds on existing tables.
func newIndexes(s *step) (found findings) {
	if s.st.Verb != "CREATE INDEX" && s.st.Verb != "DO" {
		return found
	}
	for oid := range changed(s.after.indexes, s.before.indexes) {
		x, r := s.after.indexes.Get(oid), s.after.relations.Get(oid)
		t := s.oldTable(x.Table)
		if s.before.indexes.Get(oid) != nil || t == nil || r == nil || r.Parent != 0 || s.after.hasConstraint(oid) {
			continue
		}
		if x.Unique {
			found = append(found, unique(s, t, x, indexParts(s, x))...)
		}
		if s.st.Concurrently {
			d := s.about(t)
			d.Text = fmt.Sprintf("building index %s scans table %s twice and waits for all older transactions", pgsql.Ident(r.Name), s.name(t))
			found.add(s, "index-build-load", d)
			continue
		}
		d := s.about(t)
		if t.Kind == "p" {
			if s.st.Rest.Starts(0, "ON", "ONLY") {
				continue // builds nothing
			}
			d.Text = fmt.Sprintf("building index %s on partitioned table %s takes %s on all its partitions, which blocks writes %s", pgsql.Ident(r.Name), s.name(t), lockName(d.Lock), s.until())
			d.Fix = fix.CreatePartitionedIndex(s.partitionedIndex(oid))
			if s.before.noPartitions(t) {
				d.Fix = fix.IndexOnPartitions()
			}
			found.add(s, "create-index-on-partitioned", d)
			continue
		}
		d.Text = fmt.Sprintf("building index %s takes %s on table %s, which blocks writes %s", pgsql.Ident(r.Name), lockName(d.Lock), s.name(t), s.until())
		d.Fix = fix.CreateIndex(s.index(x, r.Name))
		if t.Kind == "m" {
			d.Text = strings.Replace(d.Text, "table", "materialized view", 1)
		}
		found.add(s, "create-index-blocking", d)
	}
	return found
}

// incompleteIndexes finds indexes of partitioned tables that the change leaves INVALID, which no query uses.
func incompleteIndexes(s *step) (found findings) {
	last := s.trace.final
	if s.blockEnd != nil {
		last = s.blockEnd
	}
	if last == nil {
		return nil
	}
	for oid := range changed(s.after.indexes, s.before.indexes) {
		x, r, end := s.after.indexes.Get(oid), s.after.relations.Get(oid), last.indexes.Get(oid)
		if s.before.indexes.Get(oid) != nil || r == nil || r.Kind != "I" || r.Parent != 0 || end == nil {
			continue
		}
		t, old := s.after.relations.Get(x.Table), s.oldTable(x.Table)
		if t == nil {
			continue
		}
		d := s.about(t)
		switch {
		case !x.Valid && !end.Valid:
			d.Text = fmt.Sprintf("index %s of partitioned table %s stays INVALID, because some partitions lack their part, so no query uses it", pgsql.Ident(r.Name), s.name(t))
			d.Fix = fix.Words("build its part concurrently on each partition and attach it, in the same change")
		case s.st.Verb == "CREATE INDEX" && s.st.Rest.Starts(0, "ON", "ONLY") && old != nil && s.before.noPartitions(old):
			d.Text = fmt.Sprintf("index %s stays INVALID where partitioned table %s has partitions, which no migration creates", pgsql.Ident(r.Name), s.name(t))
			d.Fix = fix.Words("leave out ONLY, and " + fix.IndexOnPartitions().String())
		default:
			continue
		}
		found.add(s, "index-left-invalid", d)
	}
	return found
}

// droppedIndexes finds indexes that DROP INDEX drops.
func droppedIndexes(s *step) (found findings) {
	if s.st.Verb != "DROP INDEX" && s.st.Verb != "DO" {
		return found
	}
	for oid := range changed(s.before.indexes, s.after.indexes) {
		x, r := s.before.indexes.Get(oid), s.before.relations.Get(oid)
		if s.after.indexes.Get(oid) != nil || r == nil || r.Parent != 0 {
			continue
		}
		t := s.oldTable(x.Table)
		if t == nil || s.after.relations.Get(x.Table) == nil || s.before.hasConstraint(oid) {
			continue
		}
		if s.trace.base.indexes.Get(oid) != nil {
			d := s.about(t)
			d.Text = fmt.Sprintf("queries may need index %s of table %s", pgsql.Ident(r.Name), s.name(t))
			d.Query = fix.IndexUse(r.sql(), s.trace.target.major)
			found.add(s, "drop-index-query-perf", d)
			found = append(found, droppedUnique(s, t, x, r)...)
		}
		if s.st.Concurrently {
			continue
		}
		// Even a new index locks its table.
		d := s.about(t)
		d.Text = fmt.Sprintf("dropping index %s takes %s on table %s, which blocks reads and writes %s", pgsql.Ident(r.Name), lockName(d.Lock), s.name(t), s.until())
		d.Fix = fix.DropIndexes([]string{r.sql()}, "", nil)
		if r.Kind == "I" {
			d.Fix = fix.Words("PostgreSQL can't drop the index of a partitioned table concurrently: keep the transaction short")
		}
		found.add(s, "drop-index-blocking", d)
	}
	return found
}

// droppedUnique finds what a dropped index no longer ensures.
func droppedUnique(s *step, t *relation, x *index, r *relation) (found findings) {
	d := s.about(t)
	if x.Identity {
		d.Text = fmt.Sprintf("index %s is the replica identity of table %s: without it, updates and deletes of the table fail if it is published", pgsql.Ident(r.Name), s.name(t))
		d.Fix = fix.Words("first give the table another replica identity")
		found.add(s, "replica-identity-change", d)
	}
	if again := has(s.end().indexes, func(o *index) bool {
		return o.OID != x.OID && o.Table == x.Table && o.Unique && o.Valid && !o.Expression && !x.Expression && (o.Predicate == "" || o.Predicate == x.Predicate) &&
			!slices.ContainsFunc(o.Columns[:o.Keys], func(n int16) bool { return !slices.Contains(x.Columns[:x.Keys], n) })
	}); !x.Unique || !x.Valid || again || s.end().find(r.Schema, r.Name) != nil && s.end().indexes.Get(s.end().find(r.Schema, r.Name).OID) != nil {
		return found
	}
	d.Text = fmt.Sprintf("dropping unique index %s of table %s lets in duplicates", pgsql.Ident(r.Name), s.name(t))
	d.Fix = fix.Words("to replace it, first build the new index concurrently")
	found.add(s, "drop-unique-constraint", d)
	return found
}

// hasConstraint reports whether an index belongs to a constraint.
func (s *snapshot) hasConstraint(index uint32) bool {
	return has(s.constraints, func(c *constraint) bool { return c.Index == index && c.Kind != "f" })
}

// indexParts returns the columns and expressions of an index.
func indexParts(s *step, x *index) string {
	if !x.Expression {
		return columnList(s.after.relations.Get(x.Table), x.Columns[:x.Keys])
	}
	def := s.definitions[x.OID]
	w := pgsql.Words(pgsql.Tokens(def))
	i := w.Find(0, "USING") + 2 // after the method
	if w.At(i) != "(" {
		return ""
	}
	var parts []string
	for _, part := range w[i+1 : closing(w, i)].Split() {
		end := 0
		if part.At(0) != "(" {
			_, end, _ = part.Name(0)
		}
		if part.At(end) == "(" {
			end = closing(part, end) + 1
		}
		parts = append(parts, part[:end].In(def)) // without its collation, operator class and order
	}
	return strings.Join(parts, ", ")
}

// closing returns the index of the parenthesis that closes the one at i.
func closing(w pgsql.Words, i int) int {
	depth := 0
	for ; i < len(w); i++ {
		switch w.At(i) {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			break
		}
	}
	return i
}

// partitionedIndex returns how to build an index on a partitioned table online. If a partition already has such an
// index, it is attached, as the statement did.
func (s *step) partitionedIndex(oid uint32) fix.PartitionedIndex {
	x, r := s.after.indexes.Get(oid), s.after.relations.Get(oid)
	if s.before.indexes.Get(oid) != nil {
		return fix.PartitionedIndex{Index: fix.Index{Full: r.sql()}, Built: true}
	}
	p := fix.PartitionedIndex{Index: s.index(x, r.Name), Partitioned: s.after.relations.Get(x.Table).Kind == "p"}
	for child := range s.after.indexes.All() {
		if c := s.after.relations.Get(child); c != nil && c.Parent == oid {
			p.Parts = append(p.Parts, s.partitionedIndex(child))
		}
	}
	return p
}

// unique reports that duplicates may prevent a unique index.
func unique(s *step, t *relation, x *index, what string) (found findings) {
	if x == nil || provenUnique(s, x) || slices.ContainsFunc(x.Columns[:x.Keys], func(n int16) bool { return !repeats(s, t, n) }) {
		return found
	}
	d := s.about(t)
	d.Text = fmt.Sprintf("making %s unique on table %s fails if there are duplicates", what, t.sql())
	if s.st.Concurrently {
		d.Text += "; it then leaves an INVALID index"
	}
	d.Fix = fix.Words("look for those rows, and change them first")
	d.Query = fix.Duplicates(what, t.sql(), x.Predicate)
	found.add(s, "unique-data", d)
	return found
}

// repeats reports whether several rows may have the same value in a column: if the column existed, or if it is new and
// all rows have its default. An expression has the number 0 and counts as an existing column.
func repeats(s *step, t *relation, num int16) bool {
	if num == 0 || s.oldColumn(t.OID, num) {
		return true
	}
	came := s.after.relations.Get(t.OID).columns[num]
	if t.columns[num] != nil {
		came = unwritten(s, t, t.columns[num])
	}
	return came != nil && !came.null() && came.Identity == "" && came.Generated == "" && !call().MatchString(came.Default)
}

// provenUnique reports whether another valid index makes some of the columns unique, or did so when the file began.
func provenUnique(s *step, x *index) bool {
	proves := func(o *index) bool {
		return o.Table == x.Table && o.Unique && o.Valid && !o.Expression && o.Predicate == "" &&
			!slices.ContainsFunc(o.Columns[:o.Keys], func(n int16) bool { return !slices.Contains(x.Columns[:x.Keys], n) })
	}
	return has(s.before.indexes, proves) || has(s.trace.start().indexes, proves)
}

func reindex(s *step) (found findings) {
	if s.st.Concurrently || len(s.st.Rest) == 0 {
		return found
	}
	kind := s.st.Rest.At(0)
	after := s.st.Rest[0].Pos.Offset + len(kind)
	online := fix.Reindex(s.stmt.Text[:after] + " CONCURRENTLY" + s.stmt.Text[after:])
	if kind != "TABLE" && kind != "INDEX" {
		found.add(s, "reindex-blocking", Diagnostic{Text: "rebuilding all indexes blocks writes to each table while its indexes are built", Fix: online})
		return found
	}
	t := s.subject()
	if t == nil {
		return found
	}
	d := s.about(t)
	d.Text = fmt.Sprintf("REINDEX takes %s on table %s and an ACCESS EXCLUSIVE lock on each index, which blocks writes, and queries that would use the index, until it is done", lockName(shareLock), s.name(t))
	if d.Lock == "" {
		d.Lock = shareLock
	}
	d.Fix = online
	found.add(s, "reindex-blocking", d)
	return found
}

// ifNotExists finds a concurrent build with IF NOT EXISTS, which would accept an INVALID index.
func ifNotExists(s *step, t *relation) (found findings) {
	x, ok := s.stmt.Index()
	if !ok || !x.Concurrently || t == nil {
		return found
	}
	const firstBroken, fixed = 140000, 140004
	if v := s.trace.target.version; v >= firstBroken && v < fixed {
		d := s.about(t)
		d.Text = "PostgreSQL 14.0 to 14.3 may omit rows from an index that is built concurrently"
		d.Fix = fix.Words("first upgrade to 14.4 or later")
		found.add(s, "concurrent-index-corruption", d)
	}
	if !x.IfNotExists {
		return found
	}
	for _, o := range s.trace.steps {
		if drop, ok := o.stmt.Index(); ok && drop.Drop && drop.Name == x.Name && o.stmt.Pos.Offset < s.stmt.Pos.Offset {
			return found
		}
	}
	d := s.about(t)
	d.Text = fmt.Sprintf("an INVALID index %s left by a failed build would satisfy IF NOT EXISTS and stay INVALID", pgsql.Ident(x.Name))
	stmt, w := s.stmt.Text, pgsql.Words(pgsql.Tokens(s.stmt.Text))
	i := w.Find(0, "IF", "NOT", "EXISTS")
	d.Fix = fix.BuildAgain(sqlName(t.Schema, x.Name), stmt[:w[i].Pos.Offset]+stmt[w[i+3].Pos.Offset:])
	found.add(s, "if-not-exists-hides-invalid-index", d)
	return found
}

// partByPart returns how to build an index on a partitioned table online, where the statement tries CONCURRENTLY.
func partByPart(s *step, t *relation) fix.Text {
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

// gaps finds indexes that are dropped before their replacements are built.
func gaps(tr *trace) (found findings) {
	steps := tr.all()
	for i, s := range steps {
		if s.st.Verb != "DROP INDEX" || !s.seen() {
			continue
		}
		for oid := range changed(s.before.indexes, s.after.indexes) {
			x, r := s.before.indexes.Get(oid), s.before.relations.Get(oid)
			if s.after.indexes.Get(oid) != nil || s.trace.base.indexes.Get(oid) == nil || r == nil || s.oldTable(x.Table) == nil {
				continue
			}
			for _, later := range steps[i+1:] {
				if later.st.Verb == "CREATE INDEX" && later.builds(r, x) && (slices.Contains(tr.steps, s) || slices.Contains(tr.steps, later)) {
					t := s.before.relations.Get(x.Table)
					d := s.about(t)
					d.Text = fmt.Sprintf("table %s has no index %s from here until the new one is built", s.name(t), pgsql.Ident(r.Name))
					d.Fix = fix.RebuildIndex(readIndex(later.stmt.Text, t, s.before.freeRelation(r.Schema, r.Name, "_new")), r.sql(), pgsql.Ident(r.Name))
					at := s
					if !slices.Contains(tr.steps, s) {
						at = later
					}
					found.add(at, "index-gap", d)
					break
				}
			}
		}
	}
	return found
}

// builds reports whether the statement creates an index that replaces a dropped one.
func (s *step) builds(dropped *relation, was *index) bool {
	return has(s.after.indexes, func(x *index) bool {
		r := s.after.relations.Get(x.OID)
		return s.before.indexes.Get(x.OID) == nil && x.Table == was.Table && r != nil && (r.Name == dropped.Name || slices.Equal(x.Columns, was.Columns) && !x.Expression)
	})
}

// readIndex parses a CREATE INDEX statement, and replaces the names of its index and table.
func readIndex(text string, t *relation, name string) fix.Index {
	x, _ := pgsql.Stmt{Text: text}.Index()
	return fix.Index{
		Name: pgsql.Ident(name), Full: sqlName(t.Schema, name), Table: t.sql(), Unique: x.Unique, On: text[x.After:],
	}
}

// index returns an index that the statement created, under a name.
func (s *step) index(x *index, name string) fix.Index {
	return readIndex(s.definitions[x.OID], s.after.relations.Get(x.Table), name)
}

// partitioned returns an index of a table, with those of its partitions. build returns the index of each table.
func (s *snapshot) partitioned(t *relation, build func(t *relation) fix.Index) fix.PartitionedIndex {
	p := fix.PartitionedIndex{Index: build(t), Partitioned: t.Kind == "p"}
	for oid := range s.relations.All() {
		if r := s.relations.Get(oid); r.Parent == t.OID && r.isTable() {
			p.Parts = append(p.Parts, s.partitioned(r, build))
		}
	}
	return p
}

func sameSet(a, b []int16) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
