package report

import (
	"errors"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// stamped is what stamp recorded, or would have recorded if Done is false.
type stamped struct {
	Version     string   // empty at the base
	Revision    string   // alembic_version's row, empty for none
	From        []string // alembic_version's rows before
	Set         []string // versions whose journal rows are written
	Removed     []string // versions whose journal rows are deleted
	Differences []catalog.Difference
	Undeclared  []catalog.Difference `json:",omitempty"` // extensions and partitions that the version doesn't have
	Done        bool
}

// Stamp shows what stamp recorded, and returns the error that stamp ended with, if any; as text that error says it all.
func (p *Printer) Stamp(r *migrator.StampResult, failed error) error {
	var contradiction *migrator.ContradictionError
	if failed != nil && (p.Format != JSON || !errors.As(failed, &contradiction)) {
		return failed
	}
	if p.Format == JSON {
		err := p.Out.json(stamped{
			Version: r.Target, Revision: r.Revision, From: r.From, Set: r.Set, Removed: r.Removed,
			Differences: differences(r.Differences), Undeclared: differences(r.Undeclared), Done: r.Done,
		})
		if failed != nil {
			return failed
		}
		return err
	}
	from := strings.Join(r.From, ", ")
	if from == "" {
		from = "empty"
	}
	var b page
	b.printf("%s %s: alembic_version was %s; wrote %s and deleted %d.\n",
		p.Out.style.good("Recorded"), versionName(r.Target, r.Revision), from, plural(len(r.Set), "journal row"), len(r.Removed))
	for _, d := range r.Undeclared {
		b.printf("left alone, not part of that version: %s %s\n", strings.Replace(d.Kind, "table", "partition", 1), d.Object)
	}
	return p.page(&b)
}
