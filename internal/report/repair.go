package report

import (
	"errors"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
)

// repaired is what adopt -repair planned and did.
type repaired struct {
	Version     string // empty at the base
	Revision    string
	Differences []catalog.Difference
	Extra       []catalog.Difference `json:",omitempty"` // what the version doesn't have and stays
	Dropped     []catalog.Difference `json:",omitempty"` // what the version doesn't have and is dropped
	Scripts     []repairScript
	Tables      []adopt.Table   `json:",omitempty"`
	Losses      []migrator.Loss `json:",omitempty"`
	Decisions   []decision      `json:",omitempty"`
	DecisionsIn string          `json:",omitempty"` // the file that they were written to
	Repaired    bool            // the schema is the version's, and that is recorded
}

type repairScript struct {
	Name    string
	SQL     string
	TxNone  bool
	Hazards []plannedHazard `json:",omitempty"`
}

type decision struct {
	Table string `json:",omitempty"`
	Text  string
	Rows  int64    `json:",omitempty"`
	Fixes []string `json:",omitempty"`
}

// Repair shows a repair that was planned, and done if it has a result. failed is the error that it ended with, if any.
// wrote is the file to which its decisions were written, "" for none. If the repair could run and didn't, the error is
// a *FindingsError.
func (p *Printer) Repair(r *adopt.Repaired, wrote string, failed error) error {
	var decide *adopt.DecisionError
	if errors.As(failed, &decide) {
		r.Decisions = decide.Decisions
	} else if failed != nil {
		return failed
	}
	var err error
	if p.Format == JSON {
		err = p.Out.json(newRepaired(r, wrote))
	} else {
		err = p.repairText(r)
	}
	switch {
	case decide != nil && wrote != "":
		return fmt.Errorf("%w\nwrote %s: edit it, then run adopt -repair -file=%s", failed, wrote, wrote)
	case failed != nil:
		return failed
	case err != nil || r.Result != nil || len(r.Scripts) == 0 && r.Already:
		return err
	case len(r.Scripts) == 0:
		return &FindingsError{Text: "nothing was recorded: add -yes to record the version"}
	}
	return &FindingsError{Text: "nothing was changed: add -yes to run the repair"}
}

func newRepaired(r *adopt.Repaired, wrote string) repaired {
	out := repaired{
		Version: r.Version, Revision: r.Revision, Differences: differences(r.Differences), Extra: differences(r.Extra), Dropped: differences(r.Dropped), Scripts: []repairScript{},
		Tables: r.Tables, Losses: r.Losses, DecisionsIn: wrote, Repaired: r.Result != nil && r.Result.Recorded || r.Already && len(r.Scripts) == 0 && len(r.Decisions) == 0,
	}
	if out.Differences == nil {
		out.Differences = []catalog.Difference{}
	}
	for _, s := range r.Scripts {
		out.Scripts = append(out.Scripts, repairScript{s.Name, pgsql.Mask(s.SQL), s.TxNone, plannedHazards(s.Hazards)})
	}
	for _, d := range r.Decisions {
		o := decision{Table: d.Table, Text: pgsql.Redact(d.Text), Rows: d.Rows}
		for _, f := range d.Fixes {
			o.Fixes = append(o.Fixes, f.String())
		}
		out.Decisions = append(out.Decisions, o)
	}
	return out
}

// RepairScript shows a repair as a script for psql.
func (p *Printer) RepairScript(r *adopt.Repaired, failed error) error {
	if failed != nil {
		return failed
	}
	text, err := r.Script()
	if err != nil {
		return err
	}
	var b page
	b.put(source(text), "\n")
	return p.page(&b)
}

func (p *Printer) repairText(r *adopt.Repaired) error {
	s := p.Out.style
	var b page
	to := s.strong(line(versionName(r.Version, r.Revision)))
	switch {
	case r.Result != nil && len(r.Scripts) > 0:
		b.put(s.good("Repaired"), " and recorded ", to, "\n")
	case r.Already && len(r.Scripts) == 0 && len(r.Decisions) == 0:
		b.put("Nothing to repair: the schema is that of ", to, ", which is recorded\n")
	case r.Result != nil:
		b.put(s.good("Recorded"), " ", to, ": there was nothing to repair\n")
	case len(r.Scripts) == 0 && len(r.Decisions) == 0:
		b.put("Nothing to repair: the schema is that of ", to, "\n")
	default:
		b.put("Planned repair to ", to, "\n")
	}
	for _, d := range r.Differences {
		switch {
		case r.Result != nil:
			b.put("repaired: ", line(d.Text), "\n")
		case d.Harmless:
			b.put("harmless: ", line(d.Text), "\n")
		default:
			b.put(s.bad("difference"), ": ", line(d.Text), "\n")
		}
	}
	for _, d := range r.Extra {
		b.put("stays: ", line(d.Text), "\n")
	}
	for _, d := range r.Dropped {
		what := safe("drops")
		if r.Result != nil {
			what = "dropped"
		}
		b.put(s.warn(what), ": ", line(d.Text), "\n")
	}
	if r.Result == nil {
		if err := p.steps(&b, r); err != nil {
			return err
		}
	}
	for _, l := range r.Losses {
		b.put("\n", s.warn(sprintf("This deletes %s", l)), "\n")
	}
	return p.page(&b)
}

// steps shows the tables that a repair changes, and its statements.
func (p *Printer) steps(b *page, r *adopt.Repaired) error {
	s := p.Out.style
	for _, t := range r.Tables {
		rows := safe("not analyzed yet")
		if t.Rows >= 0 {
			rows = sprintf("about %s", plural(int(t.Rows), "row"))
		}
		b.printf("table %s: %s, %s\n", t.Name, rows, inBytes(t.Bytes))
	}
	for _, script := range r.Scripts {
		how := safe("in one transaction")
		if script.TxNone {
			how = "statement by statement"
		}
		b.put("\n", s.strong(line(script.Name)), ", ", how, "\n")
		for _, h := range script.Hazards {
			if h.Long() {
				for _, l := range plan.HazardLines(h) {
					b.put("  ", s.warn(line(l)), "\n")
				}
			}
		}
		stmts, err := pgsql.Split(script.SQL)
		if err != nil {
			return fmt.Errorf("reading %s: %w", script.Name, err)
		}
		for _, stmt := range stmts {
			b.put("  ", line(pgsql.OneLine(stmt.Text, mostSQL)), "\n")
		}
	}
	return nil
}

// mostSQL is how much of a statement is shown, in characters. The script for psql has all of it.
const mostSQL = 200

// inBytes returns a size for people.
func inBytes(n int64) safe {
	units := []safe{"bytes", "kB", "MB", "GB", "TB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	return sprintf("%.0f %s", v, units[i])
}
