package alembic

import (
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// A Comparison is how a folder of revisions differs from the migrations.
type Comparison struct {
	Folder   string
	Missing  []*Revision       // that aren't migrations, in their order
	Heads    []*Revision       // of the folder; more than one is a mistake there
	Unknown  []*migration.File // migrations that the folder doesn't have
	Compared int               // revisions in the folder

	known []string
}

// Known returns the ids of the revisions that are migrations and that no other such revision follows: those that a
// database has that has run all migrations.
func (c *Comparison) Known() []string { return c.known }

// OK reports whether every revision is a migration, and the folder has at most one head.
func (c *Comparison) OK() bool { return len(c.Missing) == 0 && len(c.Heads) < 2 }

// Compare compares a folder with the migrations.
func Compare(dir *migration.Dir, folder *Folder) *Comparison {
	c := &Comparison{Folder: folder.Path, Heads: folder.Heads(), Compared: len(folder.Revisions)}
	followed := map[string]bool{}
	for _, r := range folder.Revisions {
		if !slices.ContainsFunc(dir.Files(), func(m *migration.File) bool { return m.Revision == r.ID }) {
			c.Missing = append(c.Missing, r)
			continue
		}
		for _, id := range r.Down {
			followed[id] = true
		}
	}
	for _, r := range folder.Revisions {
		if !followed[r.ID] && !slices.Contains(c.Missing, r) {
			c.known = append(c.known, r.ID)
		}
	}
	for _, m := range dir.Files() {
		if folder.byID[m.Revision] == nil {
			c.Unknown = append(c.Unknown, m)
		}
	}
	return c
}
