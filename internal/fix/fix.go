// Package fix holds the SQL that messages tell people to write or to run: alternatives to a hazardous change, queries
// for offending rows, steps for a refused plan. Each is an entry in the registry, and a test runs every entry on a real
// PostgreSQL, on a table larger than a batch and with names that need quoting.
//
// The package is pure: it uses no database. Callers pass tables, columns, types and expressions as SQL, quoted and
// qualified as needed.
package fix

import (
	"fmt"
	"slices"
	"strings"
)

// A Text is what to do: the SQL of an entry, or advice in words. Only this package creates one, so SQL that isn't in
// the registry can't be shown as a fix. The zero value is empty.
type Text struct{ id, text string }

// Words returns advice without SQL, which a test of the callers enforces.
func Words(text string) Text { return Text{text: text} }

func (t Text) String() string { return t.text }

// ID returns the SQL's entry, "" for words.
func (t Text) ID() string { return t.id }

// Empty reports whether the text is empty.
func (t Text) Empty() bool { return t.text == "" }

// Blanks are placeholders in the SQL for what only the author knows.
const (
	Blank  = "..."    // a value, columns, a condition
	Reason = "REASON" // why a statement may be repeated
)

// Whole reports whether the text is SQL without blanks.
func (t Text) Whole() bool {
	return t.id != "" && !strings.Contains(t.text, Blank) && !strings.Contains(t.text, " "+Reason+"\n")
}

// Files returns the SQL as files, in the order to apply them. A file that begins with the txmode directive runs without
// a transaction, any other in one.
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

// The comments that begin another file.
const (
	laterTransaction = "-- in a later transaction:"
	oneAfterThat     = "-- and in a transaction after that:"
	withTransaction  = "-- then, in a file with a transaction:"
	ownFile          = "-- then, in a separate file:"
	laterRelease     = "-- in a later release, once nothing uses it:"
)

var breaks = []string{laterTransaction, oneAfterThat, withTransaction, ownFile, laterRelease}

// noTransaction begins a file that runs without a transaction.
const noTransaction = "-- atlas:txmode none\n\n"

// An Entry is one kind of SQL in the registry.
type Entry struct {
	ID  string // "set-not-null"
	For string // what the SQL is for
}

// Registry holds every entry.
var Registry []Entry

// entry registers an entry and returns a function that creates its texts.
func entry(id, purpose string) func(format string, args ...any) Text {
	Registry = append(Registry, Entry{id, purpose})
	return func(format string, args ...any) Text { return Text{id, fmt.Sprintf(format, args...)} }
}
