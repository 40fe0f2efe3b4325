// Package fix holds the SQL that people are told to write or to run: what a finding says to write
// instead, the queries for the rows that stop a change, the steps that a refused plan names. Each
// statement is written down once, as an entry of the registry, and a test runs every entry on a real
// PostgreSQL, on a table of more rows than a batch and with names that need quoting.
//
// The package is pure: it knows no database and reads none. Tables, columns, types and expressions
// come as SQL writes them, quoted and qualified where needed.
package fix

import (
	"fmt"
	"slices"
	"strings"
)

// A Text says what to do: it is SQL of an entry, or words. Only this package makes one, so nothing
// that isn't in the registry can be shown as a fix. The zero value says nothing.
type Text struct{ id, text string }

// Words is advice that has no SQL in it. A test holds the callers to that.
func Words(text string) Text { return Text{text: text} }

func (t Text) String() string { return t.text }

// ID is the entry that the SQL is of, "" for words.
func (t Text) ID() string { return t.id }

// Empty reports whether the text says nothing.
func (t Text) Empty() bool { return t.text == "" }

// Blanks are what stands in the SQL for what only the author knows.
const (
	Blank  = "..."    // a value, columns, a condition
	Reason = "REASON" // why a statement may be run again
)

// Whole reports whether the text is SQL that leaves nothing to fill in.
func (t Text) Whole() bool {
	return t.id != "" && !strings.Contains(t.text, Blank) && !strings.Contains(t.text, " "+Reason+"\n")
}

// Files returns the files that the SQL makes, each to be applied before the next. A file that begins
// with the txmode directive runs without a transaction, any other in one.
func (t Text) Files() []string {
	var files []string
	var file strings.Builder
	for line := range strings.Lines(t.text) {
		if slices.Contains(breaks, strings.TrimSuffix(line, "\n")) {
			files = append(files, file.String())
			file.Reset()
			continue
		}
		file.WriteString(line)
	}
	return append(files, file.String())
}

// The comments that stand where another file begins.
const (
	laterTransaction = "-- in a later transaction:"
	oneAfterThat     = "-- and in one after that:"
	withTransaction  = "-- then, in a file with a transaction:"
	ownFile          = "-- then, in a file of its own:"
	laterRelease     = "-- in a later release, when nothing uses it any more:"
)

var breaks = []string{laterTransaction, oneAfterThat, withTransaction, ownFile, laterRelease}

// noTransaction heads a file whose statements run without a transaction.
const noTransaction = "-- atlas:txmode none\n\n"

// An Entry is one kind of SQL in the registry.
type Entry struct {
	ID  string // "set-not-null"
	For string // what the SQL is for
}

// Registry holds every entry.
var Registry []Entry

// entry registers an entry and returns what makes its texts.
func entry(id, purpose string) func(format string, args ...any) Text {
	Registry = append(Registry, Entry{id, purpose})
	return func(format string, args ...any) Text { return Text{id, fmt.Sprintf(format, args...)} }
}
