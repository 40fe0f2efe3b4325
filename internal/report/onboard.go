package report

import (
	"cmp"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/importer"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/onboard"
)

// Init shows which files a project begins with.
func (p *Printer) Init(r *onboard.Result) error {
	if p.Format == JSON {
		return p.Out.json(onboard.Result{Written: list(r.Written), Kept: list(r.Kept), Ignore: r.Ignore})
	}
	var b page
	if len(r.Kept) > 0 {
		b.printf("kept %s\n", strings.Join(r.Kept, ", "))
	}
	if r.Ignore != "" {
		b.printf("add the line %s to .gitignore: `review` writes that file\n", r.Ignore)
	}
	if len(r.Written) == 0 {
		b.printf("%s to write: the project has its files.\n", p.Out.style.good("Nothing"))
		return p.page(&b)
	}
	b.printf("%s %s.\n", p.Out.style.good("Wrote"), strings.Join(r.Written, ", "))
	b.printf("Declare the schema in the schema file and run `plan`, or begin with that of a database: `baseline -url=postgres://...`.\n")
	return p.page(&b)
}

// baselined is the project that a database became.
type baselined struct {
	Name, Version, Revision string
	Irreversible            string    `json:",omitempty"`
	Outside                 []outside `json:",omitempty"`
	Uncarried               []outside `json:",omitempty"`
	Roles                   []string  `json:",omitempty"`
	Unvalidated             []string  `json:",omitempty"`
	Stamped                 bool
}

// Baseline shows the files that a database became, and returns the error that baseline ended with, if any. If r is
// set, only the recording failed.
func (p *Printer) Baseline(r *onboard.Baselined, failed error) error {
	if r == nil {
		return failed
	}
	stamped := r.Stamped != nil && r.Stamped.Done
	if p.Format == JSON {
		err := p.Out.json(baselined{r.Name, r.Version, r.Revision, r.None, outsides(r.Outside), outsides(r.Uncarried), r.Roles, r.Unvalidated, stamped})
		return cmp.Or(failed, err)
	}
	s := p.Out.style
	var b page
	b.put(s.good("wrote "), s.strong(line(p.SchemaFile)), "\n", s.good("wrote "), s.strong(line(r.Name)), "\n")
	for _, o := range r.Outside {
		b.put("  ", s.faint(sprintf("not in %s: %s", p.SchemaFile, o)), "\n")
	}
	if len(r.Roles) > 0 {
		b.put("  ", s.warn(sprintf("it needs the roles, and doesn't create them: %s", strings.Join(r.Roles, ", "))), "\n")
	}
	for _, o := range r.Uncarried {
		b.put("  ", s.warn(sprintf("not in the migration: %s", o)), "\n")
	}
	for _, name := range r.Unvalidated {
		b.put("  ", s.warn(sprintf("`plan` will validate the constraint %s", name)), "\n")
	}
	if r.None != "" {
		b.put("  ", s.warn(sprintf("irreversible: %s", r.None)), "\n")
	}
	b.printf("%s on an empty database: it gets the same schema, and then there is nothing to plan.\n", s.good("Proven"))
	switch {
	case stamped:
		b.printf("Recorded %s: `apply` will run what comes after it.\n", versionName(r.Version, r.Revision))
	case failed == nil:
		b.printf("Read both files. Then `stamp -to=%s` records that the database is at this version.\n", r.Version)
	}
	return cmp.Or(failed, p.page(&b))
}

// imported is what import wrote, and the errors that lint finds in it.
type imported struct {
	*importer.Result
	Errors []importedError
}

type importedError struct {
	File             string
	Line             int
	Name, Code, Text string
}

// mostErrors is how many of lint's errors import shows.
const mostErrors = 20

// Import shows the migrations that were written, and which errors lint finds in them.
func (p *Printer) Import(r *importer.Result, found *lint.Report) error {
	out := imported{r, []importedError{}}
	for _, f := range found.Masked().Files {
		for _, d := range f.Diagnostics {
			if d.Severity == lint.Error {
				out.Errors = append(out.Errors, importedError{f.Name, d.Line, d.Name, d.Code, d.Text})
			}
		}
	}
	if p.Format == JSON {
		return p.Out.json(out)
	}
	s := p.Out.style
	var b page
	for _, f := range r.Files {
		b.put(s.good("wrote "), s.strong(line(f.Name)), s.faint(sprintf(" from %s", f.Source)), "\n")
		if f.Version != "" {
			b.printf("  its version is %s there, which is its revision id here\n", f.Version)
		}
		if f.None != "" {
			b.put("  ", s.warn(sprintf("irreversible: %s", f.None)), "\n")
		}
		for _, why := range f.Depends {
			b.put("  ", s.warn(sprintf("its SQL depends on the data: %s", why)), "\n")
		}
		if len(f.Apart) > 0 {
			b.put("  ", s.warn(sprintf("statements %s were one transaction each; now every statement commits by itself", strings.Join(f.Apart, ", "))), "\n")
		}
		for _, at := range f.Repeated {
			b.put("  ", s.warn(sprintf("%s: may commit, so write \"-- repeatable REASON\" above it if it can run twice", at)), "\n")
		}
	}
	for _, name := range r.Skipped {
		b.put(s.warn(sprintf("skipped %s: its name isn't that of a migration", name)), "\n")
	}
	if r.Merged != "" {
		b.put(s.warn(sprintf("the branches up to %s became a line: bring every database to %[1]s with Alembic first", r.Merged)), "\n")
	}
	for i, e := range out.Errors {
		if i == mostErrors {
			b.printf("... and %s\n", plural(len(out.Errors)-i, "more error"))
			break
		}
		b.put(s.bad("lint: "), s.strong(sprintf("%s:%d", e.File, e.Line)), sprintf(": %s (%s)", e.Text, e.Name), "\n")
	}
	if n := len(out.Errors); n > 0 {
		b.printf("lint finds %s, for databases with rows; `lint -latest=%d` says what to write instead.\n", plural(n, "error"), len(r.Files))
	}
	next := "Declare the schema in the schema file, and run `check`."
	if r.Schema != "" {
		next = "Run `check`."
	}
	if b.printf("Imported %s", plural(len(r.Files), "migration")); r.Schema != "" {
		b.printf(", and wrote %s", r.Schema)
	}
	b.printf(". %s\n", next)
	return p.page(&b)
}

// list returns s, or an empty list instead of null.
func list(s []string) []string { return append([]string{}, s...) }
