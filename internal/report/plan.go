package report

import (
	"strings"

	"ariga.io/atlas-go-sdk/atlasexec"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
)

// planned is atlasexec.MigrateDiff with what is ours.
type planned struct {
	atlasexec.MigrateDiff
	Files []plannedFile `json:"Files,omitempty"`
	// Outside says what plans leave alone: "2 views".
	Outside []string `json:"Outside,omitempty"`
}

type plannedFile struct {
	atlasexec.File
	Down   string   `json:"Down"`
	Add    []string `json:"Add,omitempty"`    // lines that the catalog gains
	Remove []string `json:"Remove,omitempty"` // lines that it loses
	Losses []string `json:"Losses,omitempty"` // what is destroyed with its data
	Marks  []string `json:"Marks,omitempty"`  // what is rewritten or blocked, and why
}

// Plan shows a plan, written or (dryRun) only worked out: then with the text of its files.
func (p *Printer) Plan(r *plan.Plan, dryRun bool) error {
	if p.Format == JSON {
		return p.json(p.planned(r))
	}
	s := p.Style
	var b strings.Builder
	if len(r.Files) == 0 {
		b.WriteString("Nothing to plan: the migrations give what the schema file says.\n")
	}
	for i, f := range r.Files {
		if i > 0 {
			b.WriteByte('\n')
		}
		if dryRun {
			b.WriteString("-- " + s.strong(f.Name) + "\n" + strings.TrimRight(f.SQL, "\n") + "\n\n")
			b.WriteString("-- " + s.strong(migration.DownDir+"/"+f.Name) + "\n" + strings.TrimRight(f.Draft.Down, "\n") + "\n")
			continue
		}
		b.WriteString(s.good("wrote ") + s.strong(f.Name) + "\n")
		if f.ByHand {
			b.WriteString(s.good("wrote ") + s.strong(migration.DownDir+"/"+f.Name) + "\n")
			b.WriteString("Write the change into the one and its way back into the other, then run rehash.\n")
		}
		if len(f.Effect.Lines()) == 0 && !f.ByHand {
			for _, l := range work(f.SQL) {
				b.WriteString("  " + l + "\n")
			}
		}
		for _, l := range f.Effect.Lines() {
			paint := s.good
			if l[0] == '-' {
				paint = s.bad
			}
			b.WriteString("  " + paint(l) + "\n")
		}
		for _, l := range f.Losses {
			b.WriteString("  " + s.warn("destroys "+l) + "\n")
		}
		if reason, ok := strings.CutPrefix(f.Down, "-- alembic:down none "); ok {
			reason, _, _ = strings.Cut(reason, "\n")
			b.WriteString("  " + s.warn("no way back: "+reason) + "\n")
		}
		for _, m := range f.Marks {
			b.WriteString("  " + s.warn(m) + "\n")
		}
	}
	for _, o := range r.Outside {
		line := "left alone, outside the schema file: " + o.String()
		if dryRun { // the output is a script
			line = "-- " + line
		}
		b.WriteString(s.faint(line) + "\n")
	}
	return p.text(&b)
}

// work says what statements do that leave the catalog as it is: in the words of the
// comment above each, or its own.
func work(sql string) []string {
	stmts, _ := pgsql.Split(sql) // a plan has run
	var lines []string
	for _, s := range stmts {
		line := firstLine(s.Text)
		for _, c := range s.Comments {
			if text, ok := strings.CutPrefix(c.Text, "-- "); ok && !strings.HasPrefix(text, "atlas:") {
				line = text
				break
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func (p *Printer) planned(r *plan.Plan) planned {
	out := planned{MigrateDiff: atlasexec.MigrateDiff{Dir: p.Dir}}
	for _, f := range r.Files {
		out.Files = append(out.Files, plannedFile{
			File: atlasexec.File{
				Name: f.Name, Version: f.Version, Content: f.SQL,
				Description: strings.TrimSuffix(strings.TrimPrefix(f.Name, f.Version+"_"), ".sql"),
			},
			Down: f.Draft.Down, Add: f.Effect.Add, Remove: f.Effect.Remove, Losses: f.Losses, Marks: f.Marks,
		})
	}
	for _, o := range r.Outside {
		out.Outside = append(out.Outside, o.String())
	}
	return out
}
