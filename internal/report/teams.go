package report

import "github.com/ibutsu/ibutsu-schema/internal/history"

// rebased is what rebase did, with what check would find then.
type rebased struct {
	summary
	Base     string
	Moved    []history.Move    `json:"Moved,omitempty"`
	Remade   []string          `json:"Remade,omitempty"`
	Mentions []history.Mention `json:"Mentions,omitempty"`
}

// Rebase shows what was moved. The error is a *FindingsError if something is wrong with it.
func (p *Printer) Rebase(r *history.RebaseResult) error {
	if err := p.rebase(r); err != nil {
		return err
	}
	if r.OK() {
		return nil
	}
	return findingsError(len(r.Findings), "finding")
}

func (p *Printer) rebase(r *history.RebaseResult) error {
	if p.Format == JSON {
		return p.Out.json(rebased{
			summary: p.checked(&history.CheckResult{Findings: r.Findings}),
			Base:    r.Base, Moved: r.Moved, Remade: r.Remade, Mentions: r.Mentions,
		})
	}
	s := p.Out.style
	var b page
	if len(r.Moved) == 0 {
		b.printf("Nothing to move: no migration of this branch comes before those of %s.\n", r.Base)
	}
	for _, m := range r.Moved {
		b.put(s.good("moved "), line(m.From), " -> ", s.strong(line(m.To)), "\n")
		if m.RevisionFrom != m.RevisionTo {
			b.printf("  its revision id is %s now\n", m.RevisionTo)
		} else {
			b.printf("  its revision id is %s as before\n", m.RevisionTo)
		}
	}
	for _, name := range r.Remade {
		b.put(s.good("made anew "), s.strong(line(name)), ", for what is before it now\n")
	}
	if r.Sums && len(r.Moved) == 0 {
		b.put(s.good("wrote "), "the sums, which did not fit\n")
	}
	for _, m := range r.Mentions {
		b.put(s.warn(sprintf("%s: names the old version %s", p.place(m.File, m.Line, 0), m.Version)), "\n")
	}
	p.findings(&b, r.Findings)
	return p.page(&b)
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
func (p *Printer) Checkpoint(r *history.CheckpointPlan) error {
	if p.Format == JSON {
		return p.Out.json(checkpointed{
			planned: p.planned(r.Plan), Through: r.Through, Migrations: r.Migrations, DataOnly: r.DataOnly, Rows: r.Rows,
		})
	}
	s := p.Out.style
	var b page
	for _, f := range r.Files {
		stands := "the " + plural(r.Migrations, "migration")
		if r.Migrations == 1 {
			stands = "the migration"
		}
		b.put(s.good("wrote "), s.strong(line(f.Name)), "\n")
		b.printf("  Empty databases start from it, in place of %s up to %s; others ignore it.\n", stands, r.Through)
		for _, name := range r.DataOnly {
			b.put("  ", s.warn(sprintf("not in it: what %s does to data", name)), "\n")
		}
		for _, name := range r.Rows {
			b.put("  ", s.warn(sprintf("not in it: the rows that the migrations put into %s", name)), "\n")
		}
	}
	if len(r.Files) == 0 {
		b.put("Nothing to do: there is no migration behind the last checkpoint.\n")
	}
	return p.page(&b)
}
