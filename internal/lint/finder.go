package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A finder makes findings of what the files of a change did. What is new in the change is left alone: nobody uses it yet.
type finder struct {
	settings settings
	base     *snapshot // before the change
	start    *snapshot // before the file
	end      *snapshot // after the file
	tr       *trace
	earlier  []*step // of the change's files before this one
	found    []Diagnostic
	said     map[string]bool // tables that findings of the statement name, whether they are reported or not
}

// settings say what to report and how.
type settings struct {
	policy  Policy
	major   int // of the target
	version int // of the scratch server, 150018
	sizes   map[string]Size
}

// find returns what there is to say about a file that was run.
func (f *finder) find(tr *trace) []Diagnostic {
	f.tr, f.found = tr, nil
	if len(tr.steps) == 0 {
		return nil
	}
	f.start, f.end = tr.steps[0].before, tr.steps[len(tr.steps)-1].after
	for _, s := range tr.steps {
		n := len(f.found)
		f.statement(s)
		if s.failed == nil && s.data == nil {
			continue
		}
		failed := s.failed
		if failed == nil {
			failed = s.data
		}
		if len(f.found) > n {
			// The finding says more than that it fails.
			f.found[n].Text += "; on the scratch database it fails: " + failed.Reason()
			if tr.failed == failed {
				tr.failed = nil
			}
		}
	}
	f.whole()
	f.earlier = append(f.earlier, tr.steps...)
	return f.found
}

func (f *finder) statement(s *step) {
	f.said = make(map[string]bool)
	f.text(s)
	if !s.ran() {
		f.refusals(s)
		if s.seen() {
			f.goneIndexes(s)
			f.newIndexes(s)
		}
		return
	}
	f.gone(s)
	f.renamed(s)
	f.relations(s)
	f.columns(s)
	f.constraints(s)
	f.newIndexes(s)
	f.partitions(s)
	f.code(s)
	f.access(s)
	f.unsaid(s)
	f.work(s)
}

// add adds a finding of the rule called name.
func (f *finder) add(s *step, name string, d Diagnostic) {
	r, ok := rulesByName()[name]
	if !ok {
		panic("no rule is called " + name)
	}
	f.said[d.Table] = true
	if !f.settings.policy.on(r) {
		return
	}
	d = f.settings.policy.finding(r, s.stmt, d)
	for _, o := range f.found {
		if o.Name == d.Name && o.Pos == d.Pos && o.Table == d.Table && o.Column == d.Column && o.Text == d.Text {
			return
		}
	}
	f.found = append(f.found, d)
}

// finding says of which rule a finding is, and which statement it is about.
func (p Policy) finding(r Rule, s pgsql.Stmt, d Diagnostic) Diagnostic {
	d.Pos, d.Line, d.Col = s.Pos.Offset, s.Pos.Line, s.Pos.Col
	d.Name, d.Code, d.Analyzer, d.Title, d.Severity = r.Name, r.Code, r.Analyzer, titles[r.Analyzer], p.severity(r)
	return d
}

// old returns the relation if it was there before the change, as it was called before the statement.
func (f *finder) old(s *step, oid uint32) *relation {
	if f.base.relations[oid] == nil {
		return nil
	}
	return s.before.relations[oid]
}

// oldTable is old for what holds rows.
func (f *finder) oldTable(s *step, oid uint32) *relation {
	if r := f.old(s, oid); r != nil && (r.isTable() || r.Kind == "m") {
		return r
	}
	return nil
}

// oldColumn reports whether a column was there before the change.
func (f *finder) oldColumn(table uint32, num int16) bool {
	t := f.base.relations[table]
	return t != nil && t.columns[num] != nil
}

// startColumn reports whether a column was there before the file: rows may have been written to it since an earlier file of the
// change was deployed.
func (f *finder) startColumn(table uint32, num int16) bool {
	t := f.start.relations[table]
	return t != nil && t.columns[num] != nil
}

// target returns the statement's first target, if that was there before the change.
func (f *finder) target(s *step) *relation {
	if len(s.st.Targets) == 0 {
		return nil
	}
	r := s.before.find(s.st.Targets[0].Schema, s.st.Targets[0].Name)
	if r == nil || f.base.relations[r.OID] == nil {
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

// sorted returns the keys in order, which is that of creation.
func sorted[T any](m map[uint32]T) []uint32 { return slices.Sorted(maps.Keys(m)) }

// until says for how long a lock that the statement takes is kept.
func (f *finder) until(s *step) string {
	if f.tr.file.TxNone {
		return "until the statement is done"
	}
	rest := 0
	for _, o := range f.tr.steps {
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
func (f *finder) about(s *step, r *relation) Diagnostic {
	return Diagnostic{Table: r.sql(), Lock: s.lock(r.OID)}
}

// name is a table as a finding's text names it, with its size if that is known.
func (f *finder) name(r *relation) string {
	size, ok := f.settings.sizes[r.Schema+"."+r.Name]
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

// A Size is how large a table is.
type Size struct {
	Bytes int64 // with its indexes
	Rows  int64 // estimated
}

func (s Size) String() string {
	const unit = 1 << 10
	bytes, name := float64(s.Bytes), "bytes"
	for _, n := range []string{"kB", "MB", "GB", "TB"} {
		if bytes < unit {
			break
		}
		bytes, name = bytes/unit, n
	}
	rows := fmt.Sprint(s.Rows)
	for i := len(rows) - 3; i > 0; i -= 3 {
		rows = rows[:i] + "," + rows[i:]
	}
	return fmt.Sprintf("%.0f %s, about %s rows", bytes, name, rows)
}
