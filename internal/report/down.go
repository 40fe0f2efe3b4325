package report

import (
	"errors"

	"ariga.io/atlas-go-sdk/atlasexec"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// reverted is atlasexec.MigrateDown with our fields. URL and Status are for Atlas Cloud only and stay empty.
type reverted struct {
	atlasexec.MigrateDown
	Planned  []migrationFile `json:"Planned,omitempty"`
	Reverted []*fileRun      `json:"Reverted,omitempty"`
	Env      atlasexec.Env   `json:"Env"`
	Revision string          `json:"Revision"`          // of alembic_version now, empty for no row
	Settled  string          `json:"Settled,omitempty"` // how the record was repaired first
	Losses   []migrator.Loss `json:"Losses,omitempty"`  // the data that is lost
	Script   string          `json:"Script,omitempty"`  // of a dry run
}

// Down shows what down did, also when it failed, and returns the error that down ended with, if any.
func (p *Printer) Down(r *migrator.DownResult, failed error) error {
	if ExitCode(failed) == ExitUsage {
		return failed
	}
	var err error
	if p.Format == JSON {
		err = p.Out.json(p.reverted(r, failed))
	} else {
		err = p.downText(r, failed)
	}
	if failed != nil {
		return failed
	}
	return err
}

func (p *Printer) downText(r *migrator.DownResult, failed error) error {
	var b page
	switch {
	case failed != nil:
		if n := done(r.Reverted); n > 0 && !errors.As(failed, new(*migrator.OutcomeError)) {
			at := "the base"
			if n < len(r.Planned) {
				at = versionName(r.Planned[n].Version, r.Revision)
			}
			b.printf("Reverted %d of %s: the database is at %s.\n", n, plural(len(r.Planned), "migration"), at)
		}
	case r.Script != "":
		for _, l := range r.Losses {
			b.printf("-- This loses %s.\n", oneLine(l.String()))
		}
		return p.Out.exact("the script", string(b.safe())+r.Script)
	case len(r.Planned) == 0:
		b.printf("Nothing to revert: the database is at %s.\n", versionName(r.Target, r.Revision))
	default:
		b.printf("%s %s in %s: the database is at %s.\n", p.Out.style.good("Reverted"),
			plural(len(r.Reverted), "migration"), short(r.End.Sub(r.Start)), versionName(r.Target, r.Revision))
		for _, l := range r.Losses {
			b.put(p.Out.style.warn(sprintf("lost %s", l)), "\n")
		}
	}
	return p.page(&b)
}

func (p *Printer) reverted(r *migrator.DownResult, failed error) reverted {
	return reverted{
		MigrateDown: atlasexec.MigrateDown{
			Current: r.Current, Target: r.Target, Total: len(r.Planned), Start: r.Start, End: r.End, Error: errorText(failed),
		},
		Planned: migrationFiles(r.Planned), Reverted: fileRuns(r.Reverted, failed), Env: p.env(),
		Revision: r.Revision, Settled: pgsql.Redact(r.Settled), Losses: r.Losses, Script: r.Script,
	}
}
