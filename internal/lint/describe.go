package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// Masked returns the report without the passwords in the files. Positions stay valid.
func (r *Report) Masked() *Report {
	redacted := func(list []Diagnostic) []Diagnostic {
		list = slices.Clone(list)
		for i := range list {
			list[i].Text = pgsql.Redact(list[i].Text)
		}
		return list
	}
	out := *r
	out.Files = slices.Clone(r.Files)
	for i := range out.Files {
		f := &out.Files[i]
		f.Text, f.Down = pgsql.MaskInPlace(f.Text), pgsql.MaskInPlace(f.Down)
		f.Diagnostics, f.Silenced, f.Statements = redacted(f.Diagnostics), redacted(f.Silenced), slices.Clone(f.Statements)
		for j := range f.Statements {
			f.Statements[j].Text = pgsql.Mask(f.Statements[j].Text)
		}
	}
	return &out
}

// AContract says what a contract file is.
const AContract = "a contract: apply stops before this migration, and runs it with -contract when no running application needs what it removes"

// NoBase says where the settings come from if there is no base.
const NoBase = "no base was found, so lint used the settings in the current atlas.hcl"

// Scope says which files were checked, and how many findings were silenced.
func (r *Report) Scope() string {
	text := "no migration changed"
	if r.Changed > 0 {
		text = fmt.Sprintf("checked %d of %s", r.Changed, words.Plural(r.Total, "migration"))
	}
	if r.Base != "" {
		text += " (" + r.Base + ")"
	}
	if r.OwnSettings {
		text += "; " + NoBase
	}
	if r.Silenced > 0 {
		text += fmt.Sprintf("; %s silenced", words.Plural(r.Silenced, "finding"))
	}
	return text
}

// Describe returns a finding's text with its table or column and the table's size, unless the text has them, and with a
// stronger lock that is already held.
func (d Diagnostic) Describe() string {
	text := d.located()
	if d.Size != nil && !strings.Contains(text, d.Size.String()) {
		text += fmt.Sprintf("; %s has %s", d.Table, d.Size)
	}
	if held := LockWords(d.Held); Stronger(d.Held, d.Lock) && !strings.Contains(text, held) {
		text += fmt.Sprintf("; an earlier statement already holds %s on %s", held, d.Table)
	}
	return text
}

func (d Diagnostic) located() string {
	object := d.Table
	if d.Column != "" {
		object += "." + d.Column
	}
	if object == "" || strings.Contains(d.Text, d.Table) && strings.Contains(d.Text, d.Column) {
		return d.Text
	}
	return d.Text + " (" + object + ")"
}

// LockWords returns a lock mode as SQL names it, "" for none.
func LockWords(mode string) string {
	for _, m := range lockModes {
		if m.name == mode {
			return m.sql
		}
	}
	return ""
}

// Strongest returns the stronger of the lock that a statement takes on a table and the one that was held before.
func (e TableEffect) Strongest() string {
	if strength[e.Held] > strength[e.Lock] {
		return e.Held
	}
	return e.Lock
}

// Work says what a statement does to the rows of a table, which object names; "" if it does nothing.
func (e TableEffect) Work(object string) string {
	switch {
	case e.Rewritten:
		return "rewrites " + object
	case e.Scanned:
		return "scans " + object
	case e.Lock == rowExclusive:
		return "changes rows"
	}
	return ""
}

// HeldBefore returns the strongest of the locks that block writes, or reads and writes, and that earlier statements of
// its transaction hold when the statement at an index begins; ok is false if there is none.
func (f FileReport) HeldBefore(i int) (e TableEffect, ok bool) {
	for _, s := range f.Statements[:i] {
		if s.Tx != f.Statements[i].Tx {
			continue
		}
		for _, held := range s.Effects {
			if mode := held.Strongest(); strength[mode] >= strength[shareLock] && strength[mode] > strength[e.Held] {
				e, ok = TableEffect{Table: held.Table, Size: held.Size, Held: mode}, true
			}
		}
	}
	return e, ok
}

// Blocks says what a lock blocks.
func Blocks(mode string) string {
	switch {
	case mode == "":
		return ""
	case mode == hazard.AccessExclusive:
		return "reads and writes"
	case strength[mode] >= strength[shareLock]:
		return "writes"
	}
	return "neither reads nor writes"
}
