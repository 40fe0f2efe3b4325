package lint

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/oidmap"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A step is a statement and what PostgreSQL did when it ran.
type step struct {
	trace *trace // of its file
	stmt  pgsql.Stmt
	st    *pgsql.Statement
	tx    int  // steps of the same transaction have the same number
	last  bool // of its transaction
	apart bool // it doesn't share its transaction with other statements of the file, or has none

	// before and after are the catalogs around it. They are the same if it didn't run.
	before, after *snapshot
	messages      []*pgconn.Notice // messages from the server, including debug ones

	refused runner.Misfit     // why it wasn't run
	failed  *runner.StmtError // PostgreSQL rejected it
	// data is the error that the scratch database's rows caused. Without these rows the statement ran.
	data *runner.StmtError
	// asked are the locks that a statement outside a transaction was observed to request.
	asked map[uint32]locks
	// otherwise is how an existing object, for which IF NOT EXISTS skipped the statement, differs from the statement;
	// "" if it doesn't.
	otherwise string
	// rows means that the statement only adds rows to a table, and that the next statement adds more. The effects are
	// read after the last of these statements, because a file with thousands of them would take minutes.
	rows bool
	// definitions are the definitions of the indexes that the statement created, by OID.
	definitions map[uint32]string
	// bounds are the partition constraints of partitions that the statement created or attached, by OID, except those
	// of hash partitions, which are specific to this database.
	bounds map[uint32]string
	// uses are the dependents of the functions that the statement replaced, by function.
	uses map[uint32][]use

	// parts are the statements of a DO block, or of functions that the statement calls, that may be hazards, each as
	// if it were run instead. Their of is the statement.
	parts []*step
	of    *step
	// called are the bodies of the functions that the statement calls, and in is the one that a part is from.
	called []body
	in     *function
	// calls is set if the statement may call functions that take any time.
	calls bool
	unrun bool // a part that was only read
	// untaken is a part that the block didn't run, and unseen one whose text the block would have computed. blockEnd
	// are the catalogs after all parts of the block, if this one is untaken.
	untaken, unseen bool
	blockEnd        *snapshot

	relations []uint32         // see touched
	needed    map[uint32]locks // see need
}

// touched returns the OIDs of the relations that the statement changed, locked, read or wrote, in order.
func (s *step) touched() []uint32 {
	if s.relations != nil {
		return s.relations
	}
	oids := make(map[uint32]bool)
	for c := range oidmap.Changes(s.before.relations, s.after.relations) {
		oids[c.Key] = true
	}
	for c := range oidmap.Changes(s.before.locks, s.after.locks) {
		oids[c.Key] = true
	}
	for c := range oidmap.Changes(s.before.scans, s.after.scans) {
		oids[c.Key] = true
	}
	for c := range oidmap.Changes(s.before.policies, s.after.policies) {
		oids[cmp.Or(c.Before, c.After).Table] = true
	}
	for oid := range s.asked {
		oids[oid] = true
	}
	for _, q := range s.st.Targets {
		if r := s.before.find(q.Schema, q.Name); r != nil {
			oids[r.OID] = true
		}
	}
	for oid := range s.need() {
		if s.before.locks.Get(oid) != 0 { // otherwise the new lock shows
			oids[oid] = true
		}
	}
	for _, n := range s.messages {
		if !aboutScan(n) {
			continue
		}
		for name := range quoted(n.Message) {
			for r := range s.before.named(name) {
				if s.scanned(r.OID) {
					oids[r.OID] = true
				}
			}
		}
	}
	s.relations = append([]uint32{}, sorted(oids)...)
	return s.relations
}

// changed yields the keys of m, in order, whose values in the other map differ.
func changed[V comparable](m, other oidmap.Map[V]) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		var absent V
		for c := range oidmap.Changes(m, other) {
			if c.Before != absent && !yield(c.Key) {
				return
			}
		}
	}
}

// aboutScan reports whether a message says that a table is scanned.
func aboutScan(n *pgconn.Notice) bool {
	return strings.HasPrefix(n.Message, "verifying table ") || strings.HasPrefix(n.Message, "building index ")
}

// quoted yields each text between two double quotes of a message, in which PostgreSQL doesn't double those of a
// name.
func quoted(message string) iter.Seq[string] {
	return func(yield func(string) bool) {
		parts := strings.Split(message, `"`)
		for i := 1; i < len(parts); i++ {
			for j := i + 1; j < len(parts); j++ {
				if !yield(strings.Join(parts[i:j], `"`)) {
					return
				}
			}
		}
	}
}

// scanned reports whether the statement scanned a table.
func (s *step) scanned(table uint32) bool {
	if s.after.scans.Get(table) > s.before.scans.Get(table) {
		return true
	}
	r := s.before.relations.Get(table)
	if r == nil {
		return false
	}
	name := `"` + r.Name + `"`
	return slices.ContainsFunc(s.messages, func(n *pgconn.Notice) bool {
		return n.Message == "verifying table "+name || strings.HasPrefix(n.Message, "building index ") && strings.Contains(n.Message, " on table "+name)
	})
}

// messaged reports whether the server sent a message with a prefix.
func (s *step) messaged(prefix string) bool {
	return slices.ContainsFunc(s.messages, func(n *pgconn.Notice) bool { return strings.HasPrefix(n.Message, prefix) })
}

// rewritten reports whether a relation has new files.
func (s *step) rewritten(relation uint32) bool {
	b, a := s.before.relations.Get(relation), s.after.relations.Get(relation)
	return b != nil && a != nil && (b.FileNode != a.FileNode || b.Tablespace != a.Tablespace)
}

// seen reports whether the statement ran or was imitated.
func (s *step) seen() bool { return s.ran() || s.after != s.before }

// ran reports whether the statement succeeded.
func (s *step) ran() bool { return s.refused == runner.Fits && s.failed == nil && !s.unrun }

// old returns a relation as it was before the statement, nil if it is new in the change.
func (s *step) old(oid uint32) *relation {
	if s.trace.base.relations.Get(oid) == nil {
		return nil
	}
	return s.before.relations.Get(oid)
}

// oldTable is like old, but returns only relations that hold rows.
func (s *step) oldTable(oid uint32) *relation {
	if r := s.old(oid); r != nil && (r.isTable() || r.Kind == "m") {
		return r
	}
	return nil
}

// oldColumn reports whether a column existed before the change.
func (s *step) oldColumn(table uint32, num int16) bool {
	t := s.trace.base.relations.Get(table)
	return t != nil && t.columns[num] != nil
}

// startColumn reports whether a column existed before the file. If an earlier file of the change added it, rows may
// have been written since that file was deployed.
func (s *step) startColumn(table uint32, num int16) bool {
	t := s.trace.start().relations.Get(table)
	return t != nil && t.columns[num] != nil
}

// target returns the statement's first target, nil if it is new in the change.
func (s *step) target() *relation {
	if len(s.st.Targets) == 0 {
		return nil
	}
	r := s.before.find(s.st.Targets[0].Schema, s.st.Targets[0].Name)
	if r == nil || s.trace.base.relations.Get(r.OID) == nil {
		return nil
	}
	return r
}

// named reports whether the statement's text names the relation. Code that generates statements is assumed to.
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

// direct reports whether a change to a table is its own, not inherited from its partitioned table.
func (s *step) direct(r *relation) bool { return r.Parent == 0 || s.named(r) }

// family returns the OIDs of a table and its partitions.
func (s *snapshot) family(table uint32) []uint32 {
	list := []uint32{table}
	for i := 0; i < len(list); i++ {
		if children := s.byParent.Get(list[i]); children != nil {
			list = append(list, *children...)
		}
	}
	return list
}

// noPartitions reports whether t is a partitioned table for which the migrations create no partitions. Where something
// else does, a statement does more than in the replay.
func (s *snapshot) noPartitions(t *relation) bool { return t.Kind == "p" && len(s.family(t.OID)) == 1 }

// rewrittenAny and scannedAny check a table and its partitions.
func (s *step) rewrittenAny(table uint32) bool {
	return slices.ContainsFunc(s.before.family(table), s.rewritten)
}

func (s *step) scannedAny(table uint32) bool {
	return slices.ContainsFunc(s.before.family(table), s.scanned)
}

// sorted returns OIDs or column numbers in order, which is the order of creation.
func sorted[K cmp.Ordered, T any](m map[K]T) []K { return slices.Sorted(maps.Keys(m)) }

// has reports whether any object satisfies a condition.
func has[T any](objects oidmap.Map[*T], is func(*T) bool) bool {
	for _, o := range objects.All() {
		if is(o) {
			return true
		}
	}
	return false
}

// until returns how long the statement's locks are held.
func (s *step) until() string {
	if s.apart {
		return "until the statement is done"
	}
	rest := s.laterInTx()
	if rest == 0 {
		return "until the transaction ends"
	}
	return fmt.Sprintf("until the transaction ends, %s later", words.Plural(rest, "statement"))
}

// laterInTx returns how many statements follow in the transaction.
func (s *step) laterInTx() (n int) {
	for _, o := range s.trace.steps {
		if o.tx == s.tx && o.stmt.Pos.Offset > s.stmt.Pos.Offset {
			n++
		}
	}
	if s.of != nil {
		n += len(s.of.parts) - 1 - slices.Index(s.of.parts, s)
	}
	return n
}

// about returns a diagnostic with a table and its locks.
func (s *step) about(r *relation) Diagnostic {
	return Diagnostic{Table: r.sql(), Lock: s.lock(r.OID), Held: s.held(r.OID)}
}

// name returns a table's name for messages, with its size if known.
func (s *step) name(r *relation) string {
	size, ok := s.trace.size(r)
	if !ok {
		return r.sql()
	}
	return r.sql() + " (" + size.String() + ")"
}

// columnList returns columns' names, separated by commas.
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
	failed *runner.StmtError // the file's failure, unless a finding covers it
	// incomplete means that a statement was rejected. A file that runs in a transaction then has no effect.
	incomplete bool

	base    *snapshot // before the change
	final   *snapshot // after the change; nil if not all of its files could run
	earlier []*step   // from the change's earlier files
	target  target
}

// A target is the server that the change is for.
type target struct {
	major   int
	version int // of the scratch server, 150018
	sizes   Sizes
	// estimate estimates how many rows of the live database satisfy a condition; nil if there is no database.
	estimate func(Condition) (rows float64, ok bool)
}

// start returns the catalogs before the file.
func (tr *trace) start() *snapshot { return tr.steps[0].before }

// end returns the catalogs after the file.
func (tr *trace) end() *snapshot { return tr.steps[len(tr.steps)-1].after }

// end returns the catalogs at the end of the file or, for what a block didn't do, as if it had.
func (s *step) end() *snapshot {
	if s.blockEnd != nil {
		return s.blockEnd
	}
	return s.trace.end()
}

// all returns the change's steps up to the file's last.
func (tr *trace) all() []*step { return slices.Concat(tr.earlier, tr.steps) }
