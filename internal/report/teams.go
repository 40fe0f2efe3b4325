package report

import (
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/plan"
)

// rebased is what rebase did, with what check would find then.
type rebased struct {
	summary
	Base     string
	Moved    []plan.Move    `json:"Moved,omitempty"`
	Remade   []string       `json:"Remade,omitempty"`
	Mentions []plan.Mention `json:"Mentions,omitempty"`
}

// Rebase shows what was moved. The error is a *FindingsError if something is wrong with it.
func (p *Printer) Rebase(r *plan.RebaseResult) error {
	if err := p.rebase(r); err != nil {
		return err
	}
	if r.OK() {
		return nil
	}
	return &FindingsError{plural(len(r.Findings), "finding")}
}

func (p *Printer) rebase(r *plan.RebaseResult) error {
	if p.Format == JSON {
		return p.json(rebased{
			summary: p.checked(&plan.CheckResult{Findings: r.Findings}),
			Base:    r.Base, Moved: r.Moved, Remade: r.Remade, Mentions: r.Mentions,
		})
	}
	s := p.Style
	var b strings.Builder
	if len(r.Moved) == 0 {
		b.WriteString("Nothing to move: no migration of this branch comes before those of " + r.Base + ".\n")
	}
	for _, m := range r.Moved {
		b.WriteString(s.good("moved ") + m.From + " -> " + s.strong(m.To) + "\n")
		if m.RevisionFrom != m.RevisionTo {
			b.WriteString("  its revision id is " + m.RevisionTo + " now\n")
		} else {
			b.WriteString("  its revision id is " + m.RevisionTo + " as before\n")
		}
	}
	for _, name := range r.Remade {
		b.WriteString(s.good("made anew ") + s.strong(name) + ", for what is before it now\n")
	}
	if r.Sums && len(r.Moved) == 0 {
		b.WriteString(s.good("wrote ") + "the sums, which did not fit\n")
	}
	for _, m := range r.Mentions {
		b.WriteString(s.warn(p.place(m.File, m.Line, 0)+": names the old version "+m.Version) + "\n")
	}
	p.findings(&b, r.Findings)
	return p.text(&b)
}

// checkpointed is a checkpoint that was written.
type checkpointed struct {
	planned
	Through    string   // the last migration that it stands for
	Migrations int      // how many it stands for
	DataOnly   []string `json:"DataOnly,omitempty"` // those that change no schema
	Rows       []string `json:"Rows,omitempty"`     // tables that it leaves empty, and the migrations don't
}

// Checkpoint shows the checkpoint that was written, if one was.
func (p *Printer) Checkpoint(r *plan.CheckpointPlan) error {
	if p.Format == JSON {
		return p.json(checkpointed{
			planned: p.planned(r.Plan), Through: r.Through, Migrations: r.Migrations, DataOnly: r.DataOnly, Rows: r.Rows,
		})
	}
	s := p.Style
	var b strings.Builder
	for _, f := range r.Files {
		stands := "the " + plural(r.Migrations, "migration")
		if r.Migrations == 1 {
			stands = "the migration"
		}
		b.WriteString(s.good("wrote ") + s.strong(f.Name) + "\n")
		b.WriteString("  Empty databases start from it, in place of " + stands + " up to " + r.Through + "; others ignore it.\n")
		for _, name := range r.DataOnly {
			b.WriteString("  " + s.warn("not in it: what "+name+" does to data") + "\n")
		}
		for _, name := range r.Rows {
			b.WriteString("  " + s.warn("not in it: the rows that the migrations put into "+name) + "\n")
		}
	}
	if len(r.Files) == 0 {
		b.WriteString("Nothing to do: there is no migration behind the last checkpoint.\n")
	}
	return p.text(&b)
}
