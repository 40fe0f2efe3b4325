package report

import (
	"errors"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// stamped is what stamp recorded, or would have if Done is false.
type stamped struct {
	Version     string   // empty at the base
	Revision    string   // alembic_version's row, empty for none
	From        []string // alembic_version's rows before
	Set         []string // versions whose journal rows are written
	Removed     []string // versions whose journal rows are deleted
	Differences []catalog.Difference
	Done        bool
}

// Stamp shows what stamp recorded. The error is the one that stamp ended with, if any; it
// holds everything that a person needs to know then.
func (p *Printer) Stamp(r *migrator.StampResult, failed error) error {
	var contradiction *migrator.ContradictionError
	if failed != nil && (p.Format != JSON || !errors.As(failed, &contradiction)) {
		return failed
	}
	if p.Format == JSON {
		err := p.Out.json(stamped{
			Version: r.Target, Revision: r.Revision, From: r.From, Set: r.Set, Removed: r.Removed,
			Differences: differences(r.Differences), Done: r.Done,
		})
		if failed != nil {
			return failed
		}
		return err
	}
	from := strings.Join(r.From, ", ")
	if from == "" {
		from = "nothing"
	}
	var b page
	b.printf("%s %s. alembic_version said %s; of the journal's rows, %d were written and %d removed.\n",
		p.Out.style.good("The record says"), spot(r.Target, r.Revision), from, len(r.Set), len(r.Removed))
	return p.page(&b)
}

// Versions are what version prints.
type Versions struct {
	Tool   string         // this program's
	Atlas  string         // the engine's
	Schema *migration.Dir // its head is the schema's version; nil where there is no project
}

// Version shows the versions.
func (p *Printer) Version(v Versions) error {
	rows := [][]safe{{"ibutsu-schema", line(v.Tool)}, {"atlas", line(v.Atlas)}}
	var version, revision string
	if v.Schema != nil {
		if files := v.Schema.Files(); len(files) > 0 {
			head := files[len(files)-1]
			version, revision = head.Version, head.Revision
		}
		rows = append(rows, []safe{"schema", line(spot(version, revision))})
	}
	if p.Format == JSON {
		return p.Out.json(struct{ Tool, Atlas, Version, Revision string }{v.Tool, v.Atlas, version, revision})
	}
	var b page
	for _, row := range align(rows) {
		b.put(row, "\n")
	}
	return p.page(&b)
}
