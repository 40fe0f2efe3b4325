package report

import (
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// drifted is how a database differs from its recorded version, or from something else.
type drifted struct {
	Version     string // recorded, empty at the base and if unknown
	Revision    string
	From        string // what the database was compared with
	Differences []catalog.Difference
	Ignored     []catalog.Difference `json:",omitempty"` // that atlas.hcl accepts
	Unused      []string             `json:",omitempty"` // patterns that match nothing
	Outside     []outside            `json:",omitempty"`
	Notes       []string             `json:",omitempty"`
}

// Drift shows how a database differs from what it should be, and returns a *FindingsError unless that is harmless.
func (p *Printer) Drift(r *adopt.Drift) error {
	var err error
	switch p.Format {
	case JSON:
		err = p.Out.json(drifted{
			Version: r.Version, Revision: r.Revision, From: r.From, Differences: append([]catalog.Difference{}, differences(r.Differences)...),
			Ignored: differences(r.Ignored), Unused: redacted(r.Unused), Outside: outsides(r.Outside), Notes: redacted(r.Notes),
		})
	case Markdown:
		err = p.driftMarkdown(r)
	default:
		err = p.driftText(r)
	}
	if n := r.Harmful(); err == nil && n > 0 {
		return findingsError(n, "difference")
	}
	return err
}

func redacted(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, pgsql.Redact(text))
	}
	return out
}

// driftHead says how the database differs in total.
func driftHead(r *adopt.Drift) string {
	from := r.From
	if r.From == adopt.FromMigrations {
		from = "the migrations up to " + versionName(r.Version, r.Revision)
		if r.Version == "" {
			from = "an empty database"
		}
	}
	n, harmful := len(r.Differences), r.Harmful()
	switch {
	case n == 0:
		return "the schema is that of " + from
	case harmful == 0:
		return "the schema is that of " + from + ", apart from " + string(plural(n, "harmless difference"))
	case harmful < n:
		return string(plural(n, "difference")) + " from " + from + ", " + string(sprintf("%d of them harmless", n-harmful))
	}
	return string(plural(n, "difference")) + " from " + from
}

// byTable calls show with the differences of each table that are harmless, or that aren't. The table is "" for those of
// no table.
func byTable(all []catalog.Difference, harmless bool, show func(table string, list []catalog.Difference)) {
	var list []catalog.Difference
	for i, d := range all {
		if d.Harmless == harmless {
			list = append(list, d)
		}
		if (i == len(all)-1 || all[i+1].Table != d.Table) && len(list) > 0 {
			show(strings.TrimPrefix(d.Table, "public."), list)
			list = nil
		}
	}
}

func (p *Printer) driftText(r *adopt.Drift) error {
	s := p.Out.style
	var b page
	mark, paint := safe("OK"), s.good
	if r.Harmful() > 0 {
		mark, paint = "drifted", s.bad
	}
	b.put(paint(mark), ": ", line(driftHead(r)), "\n")
	for _, harmless := range []bool{false, true} {
		byTable(r.Differences, harmless, func(table string, list []catalog.Difference) {
			if table == "" {
				table = "not of a table"
			}
			head := s.strong(line(table))
			if harmless {
				head += " (harmless)"
			}
			b.put(head, "\n")
			for _, d := range list {
				b.put("  ", lines(d.Text, "  "), "\n")
			}
		})
	}
	for _, n := range r.Notes {
		b.put(s.warn("note"), ": ", lines(n, "  "), "\n")
	}
	if n := len(r.Ignored); n > 0 {
		b.put(s.faint(sprintf("ignored, as atlas.hcl says: %s", plural(n, "difference"))), "\n")
	}
	for _, pattern := range r.Unused {
		b.put(s.warn("note"), sprintf(": atlas.hcl ignores %q, which matches no difference: remove it\n", pattern))
	}
	for _, o := range r.Outside {
		b.put(s.faint(sprintf("not in %s: %s", p.SchemaFile, o)), "\n")
	}
	return p.page(&b)
}

func (p *Printer) driftMarkdown(r *adopt.Drift) error {
	var d document
	mark := markdown(":white_check_mark: ")
	if r.Harmful() > 0 {
		mark = ":x: "
	}
	d.put("### Drift: ", mark, prose(driftHead(r)), "\n")
	for _, harmless := range []bool{false, true} {
		byTable(r.Differences, harmless, func(table string, list []catalog.Difference) {
			d.put("\n#### ")
			if table == "" {
				d.put("Not of a table")
			} else {
				d.put(code(table))
			}
			if harmless {
				d.put(" (harmless)")
			}
			d.put("\n")
			mark := markdown(":x: ")
			if harmless {
				mark = ":white_check_mark: "
			}
			for _, x := range list {
				d.put("\n", mark, prose(x.Text), "\n")
			}
		})
	}
	for _, n := range r.Notes {
		d.put("\nNote: ", prose(n), ".\n")
	}
	if n := len(r.Ignored); n > 0 {
		d.put("\nIgnored, as atlas.hcl says: ", prose(string(plural(n, "difference"))), ".\n")
	}
	for _, pattern := range r.Unused {
		d.put("\nNote: atlas.hcl ignores ", code(pattern), ", which matches no difference.\n")
	}
	for _, o := range r.Outside {
		d.put("\nNot in ", code(p.SchemaFile), ": ", prose(o.String()), ".\n")
	}
	return p.Out.document(&d)
}
