package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// A Statement is a statement with its observed effects on tables that existed before the change.
type Statement struct {
	Pos, Line int
	End       int // byte offset just past it
	Text      string
	Tx        int           // statements of the same transaction have the same number
	Effects   []TableEffect // by table
	Refused   bool          // whether it didn't run, so that its effects are unknown
	// WithNext is set if it adds rows to a table, as the next statement does, whose effects are those of both.
	WithNext bool
	// Note says what the effects don't show: that it begins or ends a transaction or, if Depends is set, that it may
	// take more locks, depending on the data.
	Note    string
	Depends bool
	// Deletes are the tables of which its text deletes rows, and Overwrites the columns whose values it overwrites.
	Deletes, Overwrites []string
}

// A TableEffect is what a statement did to a table.
type TableEffect struct {
	Table     string // its name as SQL, with its schema unless that is public
	Lock      string // the strongest lock that it took, as in pg_locks; may be empty
	Held      string // the strongest lock that earlier statements of its transaction held; may be empty
	Size      *Size  // nil if unknown
	Rewritten bool   // whether it was rewritten
	Scanned   bool   // whether it was scanned
}

// weakest is the strength of the weakest lock that isn't that of a query or a change of rows, which block no other
// ones, nor concurrent DDL.
var weakest = strength[shareUpdateExclusive]

// Weak reports whether the statement did no more to the table than a query or a change of rows does.
func (e TableEffect) Weak() bool { return strength[e.Lock] < weakest && !e.Rewritten && !e.Scanned }

// observed returns the statements of a trace, and the BEGIN and COMMIT of its blocks.
func (t *trace) observed() []Statement {
	list := t.controls()
	for _, s := range t.steps {
		stmt := Statement{Pos: s.stmt.Pos.Offset, Line: s.stmt.Pos.Line, End: s.stmt.End, Tx: s.tx, Text: s.stmt.Text, Refused: !s.ran(), WithNext: s.rows}
		stmt.Deletes, stmt.Overwrites = s.changedData()
		for _, oid := range s.touched() {
			r := s.before.relations.Get(oid)
			if r == nil || !s.ran() || s.rows || t.base.relations.Get(oid) == nil || !r.isTable() && r.Kind != "m" {
				continue
			}
			e := TableEffect{Table: r.sql(), Lock: s.lock(oid), Held: s.held(oid), Rewritten: s.rewritten(oid)}
			if size, ok := t.size(r); ok {
				e.Size = &size
			}
			e.Scanned = !e.Rewritten && max(strength[e.Lock], strength[e.Held]) >= weakest && s.scanned(oid)
			if e.Lock != "" || e.Rewritten || e.Scanned {
				stmt.Effects = append(stmt.Effects, e)
			}
		}
		slices.SortFunc(stmt.Effects, func(a, b TableEffect) int { return strings.Compare(a.Table, b.Table) })
		stmt.Note = s.unobserved()
		stmt.Depends = stmt.Note != ""
		list = append(list, stmt)
	}
	slices.SortFunc(list, func(a, b Statement) int { return cmp.Compare(a.Pos, b.Pos) })
	return list
}

// controls returns the BEGIN and COMMIT of the file's blocks, which the tracer runs itself.
func (t *trace) controls() (list []Statement) {
	for _, u := range runner.Cut(t.file.Stmts, t.file.TxNone) {
		if !u.Block() || len(u.Stmts) == 0 {
			continue
		}
		first := slices.IndexFunc(t.steps, func(s *step) bool { return s.stmt.Pos == u.Stmts[0].Pos })
		add := func(i int, note string) {
			s := t.file.Stmts[i]
			list = append(list, Statement{Pos: s.Pos.Offset, Line: s.Pos.Line, End: s.End, Tx: t.steps[first].tx, Text: s.Text, Note: note})
		}
		add(u.From, fmt.Sprintf("begins a transaction: the locks of all statements up to COMMIT (line %d) are held until then", t.file.Stmts[u.To-1].Pos.Line))
		add(u.To-1, fmt.Sprintf("ends the transaction that line %d begins: its locks are released", t.file.Stmts[u.From].Pos.Line))
	}
	return list
}

// unobserved says which locks the statement may take that weren't observed, because a block or a function takes them
// depending on the rows, or commits. It is "" if there are none.
func (s *step) unobserved() string {
	if !s.ran() || s.rows {
		return ""
	}
	commits := endsTransaction(slices.Concat(bodies(s.st), s.called))
	unknown := s.st.Verb == "DO" && bodies(s.st) == nil
	may := map[uint32]string{}
	for _, p := range s.parts {
		if !p.untaken && !commits {
			continue
		}
		unknown = unknown || p.unseen
		for _, oid := range slices.Concat(p.touched(), sorted(p.need())) {
			mode := p.lock(oid)
			if need := p.need()[oid].strongest(); strength[need] > strength[mode] {
				mode = need
			}
			if p.oldTable(oid) != nil && strength[mode] > max(strength[s.lock(oid)], strength[may[oid]]) {
				may[oid] = mode
			}
		}
	}
	if !unknown && len(may) == 0 {
		return ""
	}
	text := "calls functions: which locks they take depends on the data"
	if s.st.Verb == "DO" {
		text = "a DO block: which locks it takes depends on the data"
	}
	var list []string
	for _, oid := range slices.Sorted(maps.Keys(may)) {
		list = append(list, LockWords(may[oid])+" on "+s.before.relations.Get(oid).sql())
	}
	if len(list) == 0 {
		return text
	}
	const most = 3
	if more := len(list) - most; more > 0 {
		list = append(list[:most], fmt.Sprintf("and %d more", more))
	}
	return text + ", perhaps " + strings.Join(list, ", ")
}
