package report

import (
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/importer"
	"github.com/ibutsu/ibutsu-schema/internal/onboard"
)

// Init shows which files a project begins with.
func (p *Printer) Init(r *onboard.Result) error {
	if p.Format == JSON {
		return p.Out.json(struct{ Written, Kept []string }{list(r.Written), list(r.Kept)})
	}
	var b page
	if len(r.Kept) > 0 {
		b.printf("kept %s\n", strings.Join(r.Kept, ", "))
	}
	if len(r.Written) == 0 {
		b.printf("%s to write: the project has its files.\n", p.Out.style.good("Nothing"))
		return p.page(&b)
	}
	b.printf("%s %s.\n", p.Out.style.good("Wrote"), strings.Join(r.Written, ", "))
	b.printf("Declare the schema in the schema file, which `inspect -url=postgres://...` prints for an existing database, and run `plan`.\n")
	return p.page(&b)
}

// Import shows the migrations that were written.
func (p *Printer) Import(r *importer.Result) error {
	if p.Format == JSON {
		return p.Out.json(r)
	}
	s := p.Out.style
	var b page
	for _, f := range r.Files {
		b.put(s.good("wrote "), s.strong(line(f.Name)), s.faint(sprintf(" from %s", f.Source)), "\n")
		if f.Revision != "" {
			b.printf("  its version is %s there, which is its revision id here\n", f.Revision)
		}
		if f.None != "" {
			b.put("  ", s.warn(sprintf("irreversible: %s", f.None)), "\n")
		}
		for _, at := range f.Repeated {
			b.put("  ", s.warn(sprintf("%s: may commit, so write \"-- repeatable REASON\" above it if it can run twice", at)), "\n")
		}
	}
	for _, name := range r.Skipped {
		b.put(s.warn(sprintf("skipped %s: its name isn't that of a migration", name)), "\n")
	}
	b.printf("Imported %s. Declare the schema in the schema file, and run `check`.\n", plural(len(r.Files), "migration"))
	return p.page(&b)
}

// list returns s, or an empty list instead of null.
func list(s []string) []string { return append([]string{}, s...) }
