package report

import (
	"strings"

	"ariga.io/atlas-go-sdk/atlasexec"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// planned is atlasexec.MigrateDiff with our fields.
type planned struct {
	atlasexec.MigrateDiff
	Summary string        `json:"Summary,omitempty"` // "+1 column, ~1 type"
	Files   []plannedFile `json:"Files,omitempty"`
	Outside []outside     `json:"Outside,omitempty"`
}

// outside is the objects of a kind that plans leave alone.
type outside struct {
	Kind  string   `json:"Kind"` // "view", "grant"
	Count int      `json:"Count"`
	Names []string `json:"Names"`
}

func outsides(all []state.Outside) []outside {
	var out []outside
	for _, o := range all {
		names := make([]string, len(o.Names))
		for i, name := range o.Names {
			names[i] = pgsql.Redact(name)
		}
		out = append(out, outside{o.Kind, len(o.Names), names})
	}
	return out
}

type plannedFile struct {
	atlasexec.File
	Down   string   `json:"Down"`
	Add    []string `json:"Add,omitempty"`    // lines that the catalog gains
	Remove []string `json:"Remove,omitempty"` // lines that it loses
	Losses []string `json:"Losses,omitempty"` // what is destroyed with its data
	// Hazards are those of the migration, DownHazards those of its down file.
	Hazards     []plannedHazard `json:"Hazards,omitempty"`
	DownHazards []plannedHazard `json:"DownHazards,omitempty"`
	NoWayBack   string          `json:"NoWayBack,omitempty"` // why it is irreversible
	Contract    bool            `json:"Contract,omitempty"`  // apply stops before it
}

// A plannedHazard is a hazard.Hazard with its texts as strings.
type plannedHazard struct {
	Kind    hazard.Kind `json:"Kind"`
	Table   string      `json:"Table"`
	Column  string      `json:"Column,omitempty"`
	Lock    string      `json:"Lock,omitempty"`
	What    string      `json:"What"`
	Also    string      `json:"Also,omitempty"`
	Query   string      `json:"Query,omitempty"`
	Instead string      `json:"Instead,omitempty"`
}

func plannedHazards(list []hazard.Hazard) (out []plannedHazard) {
	for _, h := range list {
		out = append(out, plannedHazard{h.Kind, h.Table, h.Column, h.Lock, h.What, h.Also, h.Query.String(), h.Instead.String()})
	}
	return out
}

// Plan shows a plan that was written or, with dryRun, the text of the files that would be.
func (p *Printer) Plan(r *plan.Plan, dryRun bool) error {
	if p.Format == JSON {
		return p.Out.json(p.planned(r))
	}
	s := p.Out.style
	var b page
	if len(r.Files) == 0 {
		b.printf("Nothing to plan: the migrations produce %s.\n", p.SchemaFile)
	}
	if n := counted(r.Counts()); n != "" {
		if dryRun { // the output is a script
			n = "-- " + n
		}
		b.put(n, "\n")
	}
	for i, f := range r.Files {
		if i > 0 {
			b.put("\n")
		}
		down := line(migration.DownDir + "/" + f.Name)
		if dryRun {
			b.put("-- ", s.strong(line(f.Name)), "\n", source(f.SQL), "\n\n")
			b.put("-- ", s.strong(down), "\n", source(f.Draft.Down), "\n")
			continue
		}
		b.put(s.good("wrote "), s.strong(line(f.Name)), "\n")
		if f.ByHand {
			b.put(s.good("wrote "), s.strong(down), "\n")
			b.put("Write the change into the first and its reversal into the second, then run `rehash`.\n")
		}
		if len(f.EffectLines()) == 0 && !f.ByHand {
			for _, l := range f.Does {
				b.printf("  %s\n", l)
			}
		}
		for _, l := range f.EffectLines() {
			paint := s.good
			switch l[0] {
			case '-':
				paint = s.bad
			case '~':
				paint = s.warn
			}
			b.put("  ", paint(line(l)), "\n")
		}
		for _, l := range f.Losses {
			b.put("  ", s.warn(sprintf("destroys %s", l)), "\n")
		}
		if f.NoWayBack != "" {
			b.put("  ", s.warn(sprintf("irreversible: %s", f.NoWayBack)), "\n")
		}
		if f.Contract {
			b.put("  apply stops before it; `apply -contract` goes on\n")
		}
		for _, h := range f.Hazards {
			for _, l := range plan.HazardLines(h) {
				b.put("  ", s.warn(line(l)), "\n")
			}
		}
		for _, h := range f.DownHazards {
			if h.Long() {
				continue // the migration's own hazard says as much
			}
			for i, l := range plan.HazardLines(h) {
				if i == 0 {
					l = "down: " + l
				}
				b.put("  ", s.warn(line(l)), "\n")
			}
		}
	}
	for _, o := range r.Outside {
		text := sprintf("left alone, not in %s: %s", p.SchemaFile, o)
		if dryRun {
			text = "-- " + text
		}
		b.put(s.faint(text), "\n")
	}
	return p.page(&b)
}

// counted returns counts of changes: "+1 column, +2 indexes, ~1 type".
func counted(counts []catalog.Count) safe {
	var b page
	for i, c := range counts {
		if i > 0 {
			b.put(", ")
		}
		b.put(line(c.Sign), plural(c.N, line(c.What)))
	}
	return b.safe()
}

func (p *Printer) planned(r *plan.Plan) planned {
	out := planned{MigrateDiff: atlasexec.MigrateDiff{Dir: p.Dir}, Summary: string(counted(r.Counts()))}
	for _, f := range r.Files {
		out.Files = append(out.Files, plannedFile{
			File: atlasexec.File{
				Name: f.Name, Version: f.Version, Content: f.SQL,
				Description: strings.TrimSuffix(strings.TrimPrefix(f.Name, f.Version+"_"), ".sql"),
			},
			Down: f.Draft.Down, Add: f.Effect.Add, Remove: f.Effect.Remove, Losses: f.Losses,
			Hazards: plannedHazards(f.Hazards), DownHazards: plannedHazards(f.DownHazards), NoWayBack: f.NoWayBack,
			Contract: f.Contract,
		})
	}
	out.Outside = outsides(r.Outside)
	return out
}
