package adopt

import (
	"fmt"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// DecisionFile is the name of the file that decisions are written to.
const DecisionFile = "repair.sql"

// DecisionText returns the text of a file for RepairConfig.First. It does nothing until somebody edits it: what each
// decision is about, and what may be the answer, are comments.
func (r *Repaired) DecisionText() string {
	var b strings.Builder
	write := func(prefix, text string) {
		for l := range strings.Lines(strings.TrimSuffix(text, "\n") + "\n") {
			b.WriteString(strings.TrimRight(pgsql.LineComment(prefix+strings.TrimSuffix(l, "\n")), " ") + "\n")
		}
	}
	write("", "Statements that run before the planned repair of this database, each in a transaction of its own.\n"+
		"Write the answer below each point, then run adopt -repair -file=NAME with this file's name.\n"+
		"If the repair is interrupted, the next one runs them again: each must be one that may run twice.")
	for i, d := range r.Decisions {
		b.WriteByte('\n')
		write("", fmt.Sprintf("%d. %s.", i+1, d.Text))
		for _, f := range d.Fixes {
			write("  ", f.String())
		}
	}
	return b.String()
}

// Script returns the repair as a script for psql. It records nothing.
func (r *Repaired) Script() (string, error) {
	var b strings.Builder
	b.WriteString("\\set ON_ERROR_STOP on\n")
	now := time.Duration(-1)
	limit := func(d time.Duration) {
		if d != now {
			fmt.Fprintf(&b, "SET lock_timeout = %d;\n", d.Milliseconds())
		}
		now = d
	}
	for _, s := range r.Scripts {
		stmts, err := pgsql.Split(s.SQL)
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", s.Name, err)
		}
		b.WriteString("\n" + pgsql.LineComment(s.Name) + "\n")
		if !s.TxNone {
			limit(migrator.DefaultLockTimeout)
			b.WriteString("BEGIN;\n")
		}
		for _, stmt := range stmts {
			switch {
			case !s.TxNone:
			case stmt.Concurrently():
				limit(0) // a timeout would leave an INVALID index
			default:
				limit(migrator.DefaultLockTimeout)
			}
			b.WriteString(stmt.Text + ";\n")
		}
		if !s.TxNone {
			b.WriteString("COMMIT;\n")
		}
	}
	return b.String(), nil
}
