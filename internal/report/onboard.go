package report

import (
	"strings"

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

// list returns s, or an empty list instead of null.
func list(s []string) []string { return append([]string{}, s...) }
