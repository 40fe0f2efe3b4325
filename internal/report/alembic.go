package report

import (
	"cmp"
	"path/filepath"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/alembic"
	"github.com/ibutsu/ibutsu-schema/internal/importer"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// exported is what export wrote.
type exported struct {
	Dir   string         // the folder of the revision files
	Head  string         // the revision id that its chain ends with
	Kept  int            // migrations that were there already
	Files []exportedFile // in their order
}

type exportedFile struct {
	Name         string
	Version      string
	Revision     string
	DownRevision string // empty for the first
	Irreversible string `json:",omitempty"` // why downgrade raises an error
}

// Export shows the revision files that were written.
func (p *Printer) Export(e *alembic.Export) error {
	if p.Format == JSON {
		out := exported{Dir: e.Folder, Kept: e.Kept, Files: []exportedFile{}}
		if e.Head != nil {
			out.Head = e.Head.Revision
		}
		for _, f := range e.Files {
			file := exportedFile{Name: f.Name, Version: f.Migration.Version, Revision: f.Migration.Revision, DownRevision: f.Down}
			if f.Migration.Down != nil {
				file.Irreversible = f.Migration.Down.None
			}
			out.Files = append(out.Files, file)
		}
		return p.Out.json(out)
	}
	s := p.Out.style
	var b page
	switch {
	case e.Head == nil:
		b.put("Nothing to export: there are no migrations.\n")
	case len(e.Files) == 0:
		b.printf("Nothing to export: no migration is newer than %s.\n", e.Head.Revision)
	case e.Kept > 0:
		b.put(s.faint(sprintf("left alone: %s in %s, up to %s", plural(e.Kept, "revision"), e.Folder, e.Files[0].Down)), "\n")
	}
	for _, f := range e.Files {
		b.put(s.good("wrote "), s.strong(line(filepath.Join(e.Folder, f.Name))), "\n")
		if d := f.Migration.Down; d != nil && d.None != "" {
			b.put("  ", s.warn(sprintf("irreversible: %s", d.None)), "\n")
		}
	}
	return p.page(&b)
}

// compared is how a folder of revisions differs from the migrations.
type compared struct {
	Dir     string
	Missing []revisionFile // that aren't migrations, in their order
	Heads   []revisionFile
	Unknown []string `json:",omitempty"` // revision ids of migrations that the folder doesn't have
}

type revisionFile struct {
	Revision     string
	DownRevision []string
	File         string
	Doc          string      `json:",omitempty"`
	Migration    *suggestion `json:",omitempty"` // that does the same, if Alembic was run
}

type suggestion struct {
	Name, SQL string
	Depends   []string `json:",omitempty"` // why the SQL may depend on the rows
	Apart     []string `json:",omitempty"` // numbers of statements that were one transaction
}

func revisionFiles(list []*alembic.Revision) []revisionFile {
	out := []revisionFile{}
	for _, r := range list {
		out = append(out, revisionFile{Revision: r.ID, DownRevision: append([]string{}, r.Down...), File: r.File, Doc: r.Doc})
	}
	return out
}

// Upstream shows which revisions are missing here, with the migrations that were recorded from them. If there are no
// migrations because of an error, failed is that. It returns a *FindingsError if any are missing or the folder has
// several heads.
func (p *Printer) Upstream(c *alembic.Comparison, migrations []importer.Suggestion, failed error) error {
	if err := p.upstream(c, migrations); err != nil || failed != nil || c.OK() {
		return cmp.Or(err, failed)
	}
	if len(c.Missing) == 0 {
		return findingsError(len(c.Heads), "head")
	}
	return findingsError(len(c.Missing), "missing revision")
}

func (p *Printer) upstream(c *alembic.Comparison, migrations []importer.Suggestion) error {
	if p.Format == JSON {
		out := compared{Dir: c.Folder, Missing: revisionFiles(c.Missing), Heads: revisionFiles(c.Heads)}
		for i, m := range migrations[:min(len(migrations), len(out.Missing))] {
			out.Missing[i].Migration = &suggestion{m.Name, pgsql.Mask(m.SQL), m.Depends, m.Apart}
		}
		for _, m := range c.Unknown {
			out.Unknown = append(out.Unknown, m.Revision)
		}
		return p.Out.json(out)
	}
	s := p.Out.style
	var b page
	if len(c.Missing) == 0 {
		b.printf("Nothing is missing: every one of the %s in %s is a migration here.\n", plural(c.Compared, "revision"), c.Folder)
	}
	var rows [][]safe
	for _, r := range c.Missing {
		after := "first"
		if len(r.Down) > 0 {
			after = "after " + strings.Join(r.Down, ", ")
		}
		rows = append(rows, []safe{s.bad("missing"), s.strong(line(r.ID)), line(after), line(filepath.Join(c.Folder, r.File))})
		if r.Doc != "" {
			rows[len(rows)-1] = append(rows[len(rows)-1], line(r.Doc))
		}
	}
	for _, row := range align(rows) {
		b.put(row, "\n")
	}
	if len(c.Heads) > 1 {
		b.put(s.bad(sprintf("%s has several heads:", c.Folder)))
		for i, r := range c.Heads {
			if i > 0 {
				b.put(",")
			}
			b.printf(" %s (%s)", r.ID, r.File)
		}
		b.put("\n")
	}
	if len(c.Unknown) > 0 {
		b.put(s.faint(sprintf("not there: %s, up to %s; `export` writes them", plural(len(c.Unknown), "migration"), c.Unknown[len(c.Unknown)-1].Revision)), "\n")
	}
	for _, m := range migrations {
		b.put("\n", s.strong(line(m.Name)), ":\n  ", lines(pgsql.Mask(m.SQL), "  "), "\n")
	}
	return p.page(&b)
}
