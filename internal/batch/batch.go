// Package batch runs a statement that changes many rows in batches along a key, each in a transaction of its own.
//
// A directive above an UPDATE, DELETE or INSERT ... SELECT names the table to walk, and a comment before a true marks
// where the range of a batch belongs:
//
//	-- migrate:batch public.results
//	UPDATE public.results r SET flaky = false WHERE flaky IS NULL AND /* batch r */ true;
//
// So the statement is plain SQL, which other tools run as a whole. The package reads the directive and the statement
// ([Of]), checks them against a catalog ([Batch.Resolve]), and says what each batch is ([Walk.Next]). It doesn't write:
// the caller runs the batches, and keeps the [Note] that says where to go on.
package batch

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Directive is the name of the directive, and Usage how it is written.
const (
	Directive = "migrate:batch"
	Usage     = "-- " + Directive + " TABLE [by KEY] [size N] [pause D] [until none]"
)

// A Batch is a directive and its statement.
type Batch struct {
	Stmt  pgsql.Stmt
	Table pgsql.Name    // whose rows the batches walk
	Key   []string      // the columns to walk along; nil: the primary key, or another unique key
	Size  int           // rows of a batch; 0: adapts to the time that batches take
	Pause time.Duration // after each batch

	// UntilNone repeats the walk until one changes no row.
	UntilNone bool

	form
}

// An Error says what is wrong with a directive or its statement.
type Error struct {
	Pos pgsql.Pos
	Msg string
}

func (e *Error) Error() string { return e.Msg }

// mark is the comment that marks the place of the range, with the alias of the table if it has one.
var mark = regexp.MustCompile(`^/\*\s*batch(?:\s+("(?:[^"]|"")+"|\S+))?\s*\*/$`)

// Of returns the batch of a statement, or nil if it has no directive. The error is an *Error.
func Of(s pgsql.Stmt) (*Batch, error) {
	// Almost all statements have neither.
	if len(s.Comments) == 0 && !strings.Contains(s.Text, "/*") {
		return nil, nil
	}
	var directive *pgsql.Comment
	args := ""
	for i, c := range s.Comments {
		rest, ok := strings.CutPrefix(c.Text, "-- "+Directive)
		if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			continue
		}
		if directive != nil {
			return nil, &Error{c.Pos, fmt.Sprintf("duplicate directive %s: the first is on line %d", Directive, directive.Pos.Line)}
		}
		directive, args = &s.Comments[i], strings.TrimSpace(rest)
	}
	marks := marksOf(s)
	switch {
	case directive == nil && len(marks) == 0:
		return nil, nil
	case directive == nil:
		return nil, &Error{marks[0].Pos, fmt.Sprintf("%s marks the range of a batch, but the statement has no directive: write %q above it", marks[0].Text, Usage)}
	}
	b := &Batch{Stmt: s}
	if err := b.directive(args); err != nil {
		return nil, &Error{directive.Pos, err.Error()}
	}
	if err := b.read(marks); err != nil {
		return nil, err
	}
	return b, nil
}

// marksOf returns the comments in a statement that mark a range.
func marksOf(s pgsql.Stmt) []pgsql.Comment {
	if !strings.Contains(s.Text, "batch") {
		return nil
	}
	var marks []pgsql.Comment
	for _, c := range pgsql.Comments(s.Text) {
		if mark.MatchString(c.Text) {
			before := s.Text[:c.Pos.Offset]
			c.Pos = s.Pos.After(before)
			marks = append(marks, c)
		}
	}
	return marks
}

// directive reads what follows the directive's name.
func (b *Batch) directive(args string) error {
	wrong := func(format string, a ...any) error {
		return fmt.Errorf("%s: %s; write %q", Directive, fmt.Sprintf(format, a...), Usage)
	}
	w := pgsql.Words(pgsql.Tokens(args))
	table, next, ok := w.Name(0)
	if !ok {
		return wrong("it names no table")
	}
	b.Table = table
	if w.At(next) == "BY" {
		for next++; ; next++ {
			var column string
			if column, next, ok = w.Ident(next); !ok {
				return wrong("a column must follow by, and each comma")
			}
			if slices.Contains(b.Key, column) {
				return wrong("column %s is twice in the key", pgsql.Ident(column))
			}
			b.Key = append(b.Key, column)
			if w.At(next) != "," {
				break
			}
		}
	}
	rest := ""
	if next < len(w) {
		rest = args[w[next].Pos.Offset:]
	}
	fields := strings.Fields(rest)
	seen := map[string]bool{}
	for len(fields) > 0 {
		option, value := strings.ToLower(fields[0]), ""
		if len(fields) > 1 {
			value = fields[1]
		}
		if seen[option] {
			return wrong("%s is there twice", option)
		}
		seen[option] = true
		switch option {
		case "size":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > maxSize {
				return wrong("size %q: a number of rows from 1 to %d", value, maxSize)
			}
			b.Size = n
		case "pause":
			d, err := time.ParseDuration(value)
			if err != nil || d < 0 || d > time.Hour {
				return wrong("pause %q: a duration such as 100ms or 2s, up to 1h", value)
			}
			b.Pause = d
		case "until":
			if strings.ToLower(value) != "none" {
				return wrong("until %q: only \"until none\" is known", value)
			}
			b.UntilNone = true
		default:
			return wrong("unknown option %q", fields[0])
		}
		fields = fields[min(2, len(fields)):]
	}
	return nil
}

// maxSize is the largest size of a batch.
const maxSize = 1_000_000

// SQL returns the statement for the rows that satisfy a condition, which replaces the mark and its true. table is the
// table to change or read in place of b.Table; "" for b.Table itself.
func (b *Batch) SQL(condition, table string) string {
	text := b.Stmt.Text
	type edit struct {
		from, to int
		text     string
	}
	edits := []edit{{b.mark, b.markEnd, "(" + condition + ")"}}
	if table != "" {
		if b.alias == "" {
			table += " AS " + b.Row
		}
		edits = append(edits, edit{b.name, b.nameEnd, table})
	}
	slices.SortFunc(edits, func(x, y edit) int { return y.from - x.from })
	for _, e := range edits {
		text = text[:e.from] + e.text + text[e.to:]
	}
	return text
}
