package lint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Sizes are the sizes of tables, by name: QualifiedIdent's, with the schema.
type Sizes map[string]Size

// A Size is the size of a table with its partitions and children.
type Size struct {
	Bytes int64 // including indexes
	Rows  int64 // estimated; -1 if PostgreSQL has no estimate
}

func (s Size) String() string {
	size := byteCount(s.Bytes)
	if s.Rows < 0 {
		return size
	}
	if s.Rows == 1 {
		return size + ", about 1 row"
	}
	return fmt.Sprintf("%s, about %s rows", size, grouped(s.Rows))
}

// grouped returns a number that isn't negative, with commas.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// byteCount returns a number of bytes for people.
func byteCount(n int64) string {
	const unit = 1 << 10
	bytes, name := float64(n), "bytes"
	for _, larger := range []string{"kB", "MB", "GB", "TB"} {
		if bytes < unit {
			break
		}
		bytes, name = bytes/unit, larger
	}
	return fmt.Sprintf("%.0f %s", bytes, name)
}

// sizesQuery adds partitions and children to their table. A relation that is dropped meanwhile has no size.
const sizesQuery = `
WITH RECURSIVE tree AS (
  SELECT c.oid AS root, c.oid
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  UNION
  SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
), size AS (
  SELECT c.oid, pg_catalog.pg_total_relation_size(c.oid) AS bytes,
         CASE WHEN c.relkind = 'p' THEN 0
              WHEN c.reltuples > 0 OR pg_catalog.pg_relation_size(c.oid) = 0 THEN greatest(c.reltuples, 0) END AS rows
  FROM pg_catalog.pg_class c WHERE c.oid IN (SELECT oid FROM tree)
)
SELECT n.nspname, c.relname, sum(s.bytes)::bigint,
       (CASE WHEN count(*) = count(s.rows) THEN sum(s.rows) ELSE -1 END)::bigint
FROM tree t JOIN size s ON s.oid = t.oid
JOIN pg_catalog.pg_class c ON c.oid = t.root JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
GROUP BY c.oid, n.nspname, c.relname
HAVING count(*) = count(s.bytes)`

// ReadSizes returns the sizes of a database's tables. It changes nothing and reads no rows of tables.
func ReadSizes(ctx context.Context, conn *pgx.Conn) (Sizes, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("reading table sizes: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has changed nothing
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '5s'"); err != nil {
		return nil, fmt.Errorf("reading table sizes: %w", err)
	}
	rows, err := tx.Query(ctx, sizesQuery)
	if err != nil {
		return nil, fmt.Errorf("reading table sizes: %w", err)
	}
	sizes := make(Sizes)
	var schema, name string
	var size Size
	_, err = pgx.ForEachRow(rows, []any{&schema, &name, &size.Bytes, &size.Rows}, func() error {
		sizes[pgsql.QualifiedIdent(schema, name)] = size
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading table sizes: %w", err)
	}
	return sizes, nil
}

// A snapshotRow is a table in a snapshot of sizes.
type snapshotRow struct {
	Name  string `json:"name"`
	Bytes *int64 `json:"bytes"`
	Rows  *int64 `json:"rows,omitempty"`
}

// Snapshot returns the sizes as a file that [ParseSizes] reads: JSON with a line for each table, sorted by name, which
// is all that it says about the database.
func (s Sizes) Snapshot() []byte {
	var b bytes.Buffer
	b.WriteString("{\"tables\": [")
	for i, name := range slices.Sorted(maps.Keys(s)) {
		size := s[name]
		row := snapshotRow{Name: name, Bytes: &size.Bytes}
		if size.Rows >= 0 {
			row.Rows = &size.Rows
		}
		line, err := json.Marshal(row)
		if err != nil {
			panic(err) // a string and numbers always have a JSON form
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

// ParseSizes reads a snapshot of sizes.
func ParseSizes(text []byte) (Sizes, error) {
	var file struct {
		Tables *[]snapshotRow `json:"tables"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("not a snapshot of sizes: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("not a snapshot of sizes: it has more than one value")
	}
	if file.Tables == nil {
		return nil, errors.New("not a snapshot of sizes: it has no tables")
	}
	sizes := make(Sizes)
	for _, row := range *file.Tables {
		_, twice := sizes[row.Name]
		switch {
		case row.Name == "":
			return nil, errors.New("a table has no name")
		case twice:
			return nil, fmt.Errorf("table %s is listed twice", row.Name)
		case row.Bytes == nil || *row.Bytes < 0 || row.Rows != nil && *row.Rows < 0:
			return nil, fmt.Errorf("table %s has no size, or a negative one", row.Name)
		}
		size := Size{*row.Bytes, -1}
		if row.Rows != nil {
			size.Rows = *row.Rows
		}
		sizes[row.Name] = size
	}
	return sizes, nil
}

// size returns the size of a table, by the name that it had before the change: a change can give a table any name.
func (tr *trace) size(r *relation) (size Size, ok bool) {
	if was := tr.base.relations.Get(r.OID); was != nil {
		size, ok = tr.target.sizes[pgsql.QualifiedIdent(was.Schema, was.Name)]
	}
	return size, ok
}

// sized adds the size of the finding's table to its diagnostic. It makes it a warning if the rule is about how long a
// table is blocked, and all that is read or written meanwhile is smaller than small bytes.
func (f finding) sized(d Diagnostic, small int64) Diagnostic {
	s := f.step
	table := s.relationNamed(d.Table)
	if table == nil {
		return d
	}
	if size, ok := s.trace.size(table); ok {
		d.Size = &size
	}
	if f.work != nil { // the table is blocked as long as the work on this one takes
		table = f.work
	}
	if d.Severity != Error || s.unrun || !rulesByName()[f.rule].BySize() {
		return d
	}
	if s.untimed() {
		return d
	}
	isSmall := func(r *relation) bool {
		size, ok := s.trace.size(r)
		return ok && size.Bytes < small && !s.grown(r)
	}
	if !isSmall(table) || slices.ContainsFunc(s.workUntilReleased(), func(r *relation) bool { return !isSmall(r) }) {
		return d
	}
	d.Severity, d.Small = Warning, true
	d.Text += fmt.Sprintf("; it is only a warning because %s is smaller than lint.small (%s)", table.sql(), byteCount(small))
	return d
}

// relationNamed returns the relation with a diagnostic's Table, nil if there is none.
func (s *step) relationNamed(table string) *relation {
	if table == "" {
		return nil
	}
	for _, r := range s.before.relations.All() {
		if r.sql() == table {
			return r
		}
	}
	return nil
}

// grown reports whether an earlier statement of the change may add rows to a table, so that its size isn't known.
func (s *step) grown(r *relation) bool {
	return slices.ContainsFunc(s.trace.all(), func(o *step) bool {
		if o.trace == s.trace && o.stmt.Pos.Offset > s.stmt.Pos.Offset {
			return false
		}
		return o.wrote(s, r) || slices.ContainsFunc(append([]*step{o}, o.parts...), func(o *step) bool { return o.mayFill(r) })
	})
}

// wrote reports whether the statement was observed to write to a table, or to one that it is a partition of or that is
// a partition of it, other than by the work of the statement judged.
func (s *step) wrote(judged *step, r *relation) bool {
	related := func(oid uint32) bool { return related(s.before, oid, r.OID) || related(judged.before, oid, r.OID) }
	if s != judged && s != judged.of && s.st.Verb != "TRUNCATE" {
		for c := range oidmap.Changes(s.before.relations, s.after.relations) {
			if s.rewritten(c.Key) && related(c.Key) {
				return true
			}
		}
	}
	if s == judged && s.changesOne() {
		return false
	}
	const writes = locks(1 << 1) // the mode rowExclusive
	for c := range oidmap.Changes(s.before.locks, s.after.locks) {
		if c.After&^c.Before&writes != 0 && related(c.Key) {
			return true
		}
	}
	for oid, l := range s.asked {
		if l&writes != 0 && related(oid) {
			return true
		}
	}
	return false
}

// changesOne reports whether the statement changes or deletes rows of one table, and runs no triggers that do more.
func (s *step) changesOne() bool {
	if (s.st.Verb != "UPDATE" && s.st.Verb != "DELETE") || len(s.st.Targets) != 1 {
		return false
	}
	t := s.before.find(s.st.Targets[0].Schema, s.st.Targets[0].Name)
	return t != nil && t.Kind == "r" && !s.before.triggered(t)
}

// related reports whether two relations are the same, or one is a partition of the other, also of its partitions.
func related(s *snapshot, a, b uint32) bool {
	within := func(a, b uint32) bool {
		for a != b {
			r := s.relations.Get(a)
			if r == nil || r.Parent == 0 {
				return false
			}
			a = r.Parent
		}
		return true
	}
	return within(a, b) || within(b, a)
}

// triggered reports whether a table has triggers or rules of the user's.
func (s *snapshot) triggered(t *relation) bool {
	return has(s.triggers, func(g *trigger) bool { return g.Table == t.OID && !g.Internal }) || has(s.rules, func(r *rule) bool { return r.Table == t.OID })
}

// mayFill reports whether the statement's text adds rows to a table. If the statement didn't run, it may also be one
// that adds rows to unknown tables.
func (s *step) mayFill(r *relation) bool {
	names := inserts(s.st)
	if s.untaken {
		if s.unseen && !s.defines() {
			return true
		}
		for _, c := range changesRows(s.st) {
			names = append(names, c.Targets...)
		}
	}
	return slices.ContainsFunc(names, func(q pgsql.Name) bool {
		t := s.before.find(q.Schema, q.Name)
		if s.untaken && (t == nil || !t.isTable() || s.before.triggered(t)) {
			return true
		}
		return t != nil && related(s.before, t.OID, r.OID)
	})
}

// inserts returns the tables to which a statement adds rows.
func inserts(st *pgsql.Statement) (tables []pgsql.Name) {
	switch st.Verb {
	case "INSERT", "MERGE":
		tables = st.Targets
	case "WITH", "EXPLAIN", "PREPARE", "COPY": // COPY FROM shows by its lock
		for _, w := range inner(st) {
			tables = append(tables, inserts(w)...)
		}
	}
	return tables
}

// untilReleased returns the statement, or the one that it is part of, and the later ones of its transaction, until
// whose end its locks are held.
func (s *step) untilReleased() (list []*step) {
	for _, o := range s.trace.steps {
		if o.tx == s.tx && o.stmt.Pos.Offset >= s.stmt.Pos.Offset {
			list = append(list, o)
		}
	}
	return list
}

// untimed reports whether how long the statement's locks are held may depend on more than the sizes of tables.
func (s *step) untimed() bool {
	return slices.ContainsFunc(s.untilReleased(), func(o *step) bool {
		return o.calls || slices.ContainsFunc(o.parts, func(p *step) bool { return p.unseen && !p.defines() })
	})
}

// workUntilReleased returns the existing tables that the statement and the later ones of its transaction scan or
// rewrite, and all that a block or function names, because what it does may depend on rows.
func (s *step) workUntilReleased() (tables []*relation) {
	for _, o := range s.untilReleased() {
		for _, part := range append([]*step{o}, o.parts...) {
			tables = append(tables, part.work()...)
		}
		for _, b := range slices.Concat(bodies(o.st), o.called) {
			for i := range b.words {
				if q, _, ok := b.words.Name(i); ok && b.words.At(i-1) != "." {
					if t := o.before.find(q.Schema, q.Name); t != nil && o.oldTable(t.OID) != nil {
						tables = append(tables, t)
					}
				}
			}
		}
	}
	return tables
}

// work returns the existing tables that the statement scans or rewrites. The check of a new foreign key finds rows of
// the referenced table by its index, so its size doesn't matter.
func (s *step) work() (tables []*relation) {
	for _, oid := range s.touched() {
		t := s.oldTable(oid)
		if t == nil {
			continue
		}
		looksUp := func(c *constraint) bool {
			return c.Kind == "f" && c.References == oid && c.Table != oid && (s.before.constraints.Get(c.OID) == nil || !s.before.constraints.Get(c.OID).Validated)
		}
		if s.rewritten(oid) || s.scanned(oid) && !has(s.after.constraints, looksUp) {
			tables = append(tables, t)
		}
	}
	return tables
}
