package report

import "github.com/ibutsu/ibutsu-schema/internal/site"

// documented are the files about the schema, as paths in the project's folder.
type documented struct {
	Out              string // the folder
	Files            int    // how many there are
	Written, Removed []string
}

// Docs shows which pages about the schema were written.
func (p *Printer) Docs(r *site.Result) error {
	if p.Format == JSON {
		return p.Out.json(documented{r.Out, r.Files, list(r.Written), list(r.Removed)})
	}
	s := p.Out.style
	var b page
	for _, name := range r.Removed {
		b.put("removed ", line(name), "\n")
	}
	if len(r.Written)+len(r.Removed) == 0 {
		b.put(s.good("Nothing"), sprintf(" to write: the %s in %s are up to date.\n", plural(r.Files, "file"), r.Out))
		return p.page(&b)
	}
	b.put(s.good("Wrote"), sprintf(" %d of %s in %s.\n", len(r.Written), plural(r.Files, "file"), r.Out))
	return p.page(&b)
}
