package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A step is a statement and what PostgreSQL did when it ran.
type step struct {
	trace *trace // of its file
	stmt  pgsql.Stmt
	st    *pgsql.Statement
	tx    int  // steps with the same number were one transaction
	last  bool // of its transaction

	// before and after are the catalogs around it. Of a statement that did not run they are one.
	before, after *snapshot
	messages      []*pgconn.Notice // what the server said meanwhile, debug messages included

	refused runner.Misfit     // why it was not run, if it was not
	failed  *runner.StmtError // PostgreSQL refused it
	// data is the failure that the rows of the scratch database led to; without them the statement ran.
	data *runner.StmtError
	// asked are the locks that a statement that runs in no transaction was seen to ask for.
	asked map[lockKey]bool
	// otherwise says that IF NOT EXISTS skipped an object whose definition is another one.
	otherwise string
	// rows says that the statement only adds rows to a table, and that the next one adds more to it: what they do is looked at
	// when the last of them is done. A file of many thousands would take minutes else.
	rows bool
	// definitions are those of the indexes that the statement made, by OID.
	definitions map[uint32]string
	// bounds are the conditions that rows of the partitions have which the statement made or attached, by OID; without those
	// that hold in this database only.
	bounds map[uint32]string
	// uses are what depends on the functions that the statement replaced, by function.
	uses map[uint32][]use
}

func strongest(locks map[lockKey]bool, relation uint32) string {
	mode := ""
	for l := range locks {
		if l.Relation == relation && strength[l.Mode] > strength[mode] {
			mode = l.Mode
		}
	}
	return mode
}

// lock is the strongest lock on a relation that the statement took, or, if it needed none that was not there, that is kept; ""
// if there is none.
func (s *step) lock(relation uint32) string {
	if s.asked != nil {
		return strongest(s.asked, relation)
	}
	mode := ""
	for l := range s.after.locks {
		if l.Relation == relation && strength[l.Mode] > strength[mode] && !s.before.locks[l] {
			mode = l.Mode
		}
	}
	if mode != "" {
		return mode
	}
	return strongest(s.after.locks, relation)
}

// kept is the strongest lock on a relation that was there before the statement began.
func (s *step) kept(relation uint32) string { return strongest(s.before.locks, relation) }

// scanned reports whether the statement read a table from end to end.
func (s *step) scanned(table uint32) bool {
	if s.after.counts[table].Scans > s.before.counts[table].Scans {
		return true
	}
	r := s.before.relations[table]
	if r == nil {
		return false
	}
	name := strconv.Quote(r.Name)
	return slices.ContainsFunc(s.messages, func(n *pgconn.Notice) bool {
		return n.Message == "verifying table "+name || strings.HasPrefix(n.Message, "building index ") && strings.Contains(n.Message, " on table "+name)
	})
}

// said reports whether the server sent a message that begins so.
func (s *step) said(prefix string) bool {
	return slices.ContainsFunc(s.messages, func(n *pgconn.Notice) bool { return strings.HasPrefix(n.Message, prefix) })
}

// rewritten reports whether a relation has other files now.
func (s *step) rewritten(relation uint32) bool {
	b, a := s.before.relations[relation], s.after.relations[relation]
	return b != nil && a != nil && (b.FileNode != a.FileNode || b.Tablespace != a.Tablespace)
}

// seen reports whether the statement ran, or was imitated.
func (s *step) seen() bool { return s.ran() || s.after != s.before }

// ran reports whether the statement ran to its end.
func (s *step) ran() bool { return s.refused == runner.Fits && s.failed == nil }

// old returns the relation if it was there before the change, as it was called before the statement.
func (s *step) old(oid uint32) *relation {
	if s.trace.base.relations[oid] == nil {
		return nil
	}
	return s.before.relations[oid]
}

// oldTable is old for what holds rows.
func (s *step) oldTable(oid uint32) *relation {
	if r := s.old(oid); r != nil && (r.isTable() || r.Kind == "m") {
		return r
	}
	return nil
}

// oldColumn reports whether a column was there before the change.
func (s *step) oldColumn(table uint32, num int16) bool {
	t := s.trace.base.relations[table]
	return t != nil && t.columns[num] != nil
}

// startColumn reports whether a column was there before the file: rows may have been written to it since an earlier file of the
// change was deployed.
func (s *step) startColumn(table uint32, num int16) bool {
	t := s.trace.start().relations[table]
	return t != nil && t.columns[num] != nil
}

// target returns the statement's first target, if that was there before the change.
func (s *step) target() *relation {
	if len(s.st.Targets) == 0 {
		return nil
	}
	r := s.before.find(s.st.Targets[0].Schema, s.st.Targets[0].Name)
	if r == nil || s.trace.base.relations[r.OID] == nil {
		return nil
	}
	return r
}

// named reports whether the statement's text names the relation. Of code that makes up its statements it is assumed.
func (s *step) named(r *relation) bool {
	switch s.st.Verb {
	case "DO", "CALL", "SELECT":
		return true
	}
	return slices.ContainsFunc(s.st.Targets, func(q pgsql.Name) bool {
		t := s.before.find(q.Schema, q.Name)
		return t != nil && t.OID == r.OID
	})
}

// direct reports whether a change of a table is its own, and not one that its partitioned table hands down.
func (s *step) direct(r *relation) bool { return r.Parent == 0 || s.named(r) }

// family returns a table's OID and those of its partitions.
func (s *snapshot) family(table uint32) []uint32 {
	list := []uint32{table}
	for i := 0; i < len(list); i++ {
		for oid, r := range s.relations {
			if r.Parent == list[i] && r.Parent != 0 {
				list = append(list, oid)
			}
		}
	}
	return list
}

// rewrittenAny and scannedAny look at a table with its partitions.
func (s *step) rewrittenAny(table uint32) bool {
	return slices.ContainsFunc(s.before.family(table), s.rewritten)
}

func (s *step) scannedAny(table uint32) bool {
	return slices.ContainsFunc(s.before.family(table), s.scanned)
}

// sorted returns the OIDs or the numbers of columns in order, which is that of creation.
func sorted[K cmp.Ordered, T any](m map[K]T) []K { return slices.Sorted(maps.Keys(m)) }

// has reports whether one of a snapshot's objects is what is asked for.
func has[T any](objects map[uint32]*T, is func(*T) bool) bool {
	for _, o := range objects {
		if is(o) {
			return true
		}
	}
	return false
}

func union[T any](a, b map[uint32]T) map[uint32]T {
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}

// until says for how long a lock that the statement takes is kept.
func (s *step) until() string {
	if s.trace.file.TxNone {
		return "until the statement is done"
	}
	rest := 0
	for _, o := range s.trace.steps {
		if o.tx == s.tx && o.stmt.Pos.Offset > s.stmt.Pos.Offset {
			rest++
		}
	}
	if rest == 0 {
		return "until the transaction ends"
	}
	return fmt.Sprintf("until the transaction ends, %s later", words.Plural(rest, "statement"))
}

// about starts a finding about a table, with its lock.
func (s *step) about(r *relation) Diagnostic {
	return Diagnostic{Table: r.sql(), Lock: s.lock(r.OID)}
}

// name is a table as a finding's text names it, with its size if that is known.
func (s *step) name(r *relation) string {
	size, ok := s.trace.target.sizes[r.Schema+"."+r.Name]
	if !ok {
		return r.sql()
	}
	return r.sql() + " (" + size.String() + ")"
}

// columnList names columns.
func columnList(r *relation, nums []int16) string {
	var names []string
	for _, n := range nums {
		if c := r.columns[n]; c != nil {
			names = append(names, pgsql.Ident(c.Name))
		}
	}
	return strings.Join(names, ", ")
}

// A trace is what happened when a file was run.
type trace struct {
	file   *migration.File
	steps  []*step
	failed *runner.StmtError // what the file fails with, if it does and no finding says it already
	// incomplete says that a statement was refused: nothing of a file with a transaction stands then.
	incomplete bool

	base    *snapshot // before the change
	earlier []*step   // of the change's files before this one
	target  target
}

// A target is the server that the change is for.
type target struct {
	major   int
	version int // of the scratch server, 150018
	sizes   map[string]Size
}

// start is what there was before the file.
func (tr *trace) start() *snapshot { return tr.steps[0].before }

// end is what there was after the file.
func (tr *trace) end() *snapshot { return tr.steps[len(tr.steps)-1].after }

// all are the steps of the change up to the file's last.
func (tr *trace) all() []*step { return slices.Concat(tr.earlier, tr.steps) }
