package report

import "github.com/ibutsu/ibutsu-schema/internal/history"

// rebased is what rebase did, with what check would find afterwards.
type rebased struct {
	summary
	Base     string
	Moved    []history.Move    `json:"Moved,omitempty"`
	Remade   []string          `json:"Remade,omitempty"`
	Mentions []history.Mention `json:"Mentions,omitempty"`
}

// Rebase shows what was moved, and returns a *FindingsError if check would find something afterwards.
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
		b.printf("Nothing to move: no migration of this branch sorts before those of %s.\n", r.Base)
	}
	for _, m := range r.Moved {
		b.put(s.good("moved "), line(m.From), " -> ", s.strong(line(m.To)), "\n")
		if m.RevisionFrom != m.RevisionTo {
			b.printf("  its revision id is now %s\n", m.RevisionTo)
		} else {
			b.printf("  its revision id is still %s\n", m.RevisionTo)
		}
	}
	for _, name := range r.Remade {
		b.put(s.good("regenerated "), s.strong(line(name)), " for the migrations that now precede it\n")
	}
	if r.Sums && len(r.Moved) == 0 {
		b.put(s.good("wrote "), "the checksums, which didn't match\n")
	}
	for _, m := range r.Mentions {
		b.put(s.warn(sprintf("%s: mentions the old version %s", p.location(m.File, m.Line, 0), m.Version)), "\n")
	}
	p.findings(&b, r.Findings)
	return p.page(&b)
}

// checkpointed is a checkpoint that was written.
type checkpointed struct {
	planned
	Through    string   // the last migration that it replaces
	Migrations int      // how many it replaces
	DataOnly   []string `json:"DataOnly,omitempty"` // those that change no schema
	Rows       []string `json:"Rows,omitempty"`     // tables that it leaves empty and the migrations fill
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
		replaced := "the " + plural(r.Migrations, "migration")
		if r.Migrations == 1 {
			replaced = "the migration"
		}
		b.put(s.good("wrote "), s.strong(line(f.Name)), "\n")
		b.printf("  Empty databases start from it instead of %s up to %s; other databases ignore it.\n", replaced, r.Through)
		for _, name := range r.DataOnly {
			b.put("  ", s.warn(sprintf("not included: the data changes of %s", name)), "\n")
		}
		for _, name := range r.Rows {
			b.put("  ", s.warn(sprintf("not included: the rows that the migrations insert into %s", name)), "\n")
		}
	}
	if len(r.Files) == 0 {
		b.put("Nothing to do: there are no migrations after the last checkpoint.\n")
	}
	return p.page(&b)
}
