package review

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A timeline shows which locks a file's statements take and hold, on tables that existed before: a row for each table,
// and a column for each statement that locks one.
type timeline struct {
	Transactions []transaction
	Columns      []column
	Rows         []row
	Legend       []code
	Rest         string // what is left out
}

// A transaction spans the columns of its statements.
type transaction struct {
	Span int
	Text string
}

type column struct {
	Anchor string
	Line   int
}

type row struct {
	Table, Size    string
	Strongest      string
	StrongestLevel string
	Work           string
	Cells          []cell
}

// A cell is what a statement does to a table.
type cell struct {
	Level string // of the strongest lock that is held or taken; "" for none
	Code  string // of the statement's own lock, or heldCode
	Work  string // "rewrite" or "scan"
	Text  string // in words
	First bool   // whether it is the first of its transaction
}

// A code is an abbreviation in the timeline.
type code struct{ Code, Text string }

// A timeline has at most so many columns and rows.
const (
	mostColumns = 40
	mostRows    = 30
)

// heldCode is the code of a lock that only earlier statements took.
const heldCode = "|"

// codeOf abbreviates a lock mode by its initials: "AX" for ACCESS EXCLUSIVE.
func codeOf(mode string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(lint.LockWords(mode)) {
		if word == "EXCLUSIVE" {
			b.WriteByte('X')
		} else {
			b.WriteByte(word[0])
		}
	}
	return b.String()
}

// newTimeline returns the timeline of the statements of the file at index i, nil if they lock no tables.
func newTimeline(i int, statements []lint.Statement, groups []group) *timeline {
	t := &timeline{}
	rows := map[string]*row{}
	strongest := map[string]string{} // by table
	held := map[string]string{}      // by table, in the current transaction
	modes := map[string]bool{}
	var order []string
	left := 0
	tx, first := -1, false // whether the next column is the first of its transaction
	for j, g := range groups {
		s := g.last()
		if s.Tx != tx {
			tx, first = s.Tx, true
			clear(held)
		}
		if len(s.Effects) == 0 && len(held) == 0 {
			continue
		}
		if len(t.Columns) == mostColumns {
			left++
			continue
		}
		if first {
			t.Transactions = append(t.Transactions, transaction{Text: nameOf(statements, tx)})
		}
		t.Transactions[len(t.Transactions)-1].Span++
		t.Columns = append(t.Columns, column{statementAnchor(i, j), g[0].Line})
		for _, e := range s.Effects {
			if rows[e.Table] == nil {
				if len(rows) == mostRows {
					continue
				}
				rows[e.Table] = &row{Table: visibleLine(e.Table)}
				order = append(order, e.Table)
			}
			r := rows[e.Table]
			if e.Size != nil {
				r.Size = e.Size.String()
			}
			if strongest[e.Table] = stronger(strongest[e.Table], e.Strongest()); r.Work == "" || e.Rewritten {
				r.Work = workOf(e)
			}
		}
		for name, r := range rows {
			var e lint.TableEffect
			if k := slices.IndexFunc(s.Effects, func(e lint.TableEffect) bool { return e.Table == name }); k >= 0 {
				e = s.Effects[k]
			}
			e.Held = stronger(e.Held, held[name])
			// Columns before the table's first lock are empty.
			for len(r.Cells) < len(t.Columns)-1 {
				r.Cells = append(r.Cells, cell{})
			}
			c := cell{Level: levelOf(e.Strongest()), Code: codeOf(e.Lock), First: first, Text: cellText(e)}
			if c.Code == "" && c.Level != "" {
				c.Code = heldCode
			}
			switch {
			case e.Rewritten:
				c.Work = "rewrite"
			case e.Scanned:
				c.Work = "scan"
			}
			modes[e.Lock] = true
			r.Cells = append(r.Cells, c)
			if mode := e.Strongest(); mode != "" {
				held[name] = mode
			}
		}
		first = false
	}
	if len(order) == 0 {
		return nil
	}
	for _, name := range order {
		r := rows[name]
		r.Strongest, r.StrongestLevel = lint.LockWords(strongest[name]), levelOf(strongest[name])
		t.Rows = append(t.Rows, *r)
	}
	slices.SortStableFunc(t.Rows, func(a, b row) int { return cmp.Compare(rank(a.StrongestLevel), rank(b.StrongestLevel)) })
	t.legend(modes)
	if left > 0 {
		t.Rest = fmt.Sprintf("%s more: see below.", words.Plural(left, "statement"))
	}
	return t
}

// nameOf describes a transaction of a file.
func nameOf(statements []lint.Statement, tx int) string {
	n := 0
	for _, s := range statements {
		if s.Tx == tx {
			n++
		}
	}
	if n == 1 {
		return "by itself"
	}
	return "one transaction"
}

// rank orders the levels of locks, the strongest first.
func rank(level string) int { return slices.Index([]string{"all", "writes", "weak", ""}, level) }

// legend explains the codes that occur.
func (t *timeline) legend(modes map[string]bool) {
	for _, mode := range slices.SortedFunc(maps.Keys(modes), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(levelOf(a)), rank(levelOf(b))), cmp.Compare(a, b))
	}) {
		if mode != "" {
			t.Legend = append(t.Legend, code{codeOf(mode), fmt.Sprintf("%s, which blocks %s", lint.LockWords(mode), lint.Blocks(mode))})
		}
	}
	held := func(c cell) bool { return c.Code == heldCode }
	if slices.ContainsFunc(t.Rows, func(r row) bool { return slices.ContainsFunc(r.Cells, held) }) {
		t.Legend = append(t.Legend, code{heldCode, "an earlier statement's lock is still held"})
	}
}

func workOf(e lint.TableEffect) string {
	switch {
	case e.Rewritten:
		return "rewritten"
	case e.Scanned && e.Strongest() != "":
		return "scanned under " + lint.LockWords(e.Strongest())
	case e.Scanned:
		return "scanned"
	}
	return ""
}

// cellText says in words what a cell shows.
func cellText(e lint.TableEffect) string {
	var parts []string
	if e.Lock != "" {
		parts = append(parts, "takes "+lint.LockWords(e.Lock))
	}
	if e.Held != "" {
		parts = append(parts, lint.LockWords(e.Held)+" is held already")
	}
	if work := e.Work("it"); work != "" {
		parts = append(parts, work)
	}
	return strings.Join(parts, ", ")
}

// stronger returns the stronger of two lock modes, "" for none.
func stronger(a, b string) string { return lint.TableEffect{Lock: a, Held: b}.Strongest() }
