package revision

import (
	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// startedFrom judges the journal's row of a checkpoint: the database is at least at the last migration that it
// covers. alembic_version holds the id of that migration, as if all had run.
func (j *judge) startedFrom(c *migration.Checkpoint, r *migrate.Revision) {
	switch {
	case !Done(r):
		j.problem(HalfOld, c.Version, "the checkpoint %s is recorded as half applied (%d of %d statements), but this tool runs it in one transaction: empty the database and apply again", c.Name, r.Applied, r.Total)
		return
	case r.Hash != "" && r.Hash != c.Hash:
		j.problem(Edited, c.Version, "the checkpoint %s, or a migration before it, was edited or renamed after the database started from it on %s; restore it, or if the database matches what it says now, `stamp -to=%s`",
			c.Name, r.ExecutedAt.UTC().Format("2006-01-02"), j.dir.Word(c.Through))
	}
	j.pos.Checkpoint = c
	j.pos.Index = max(j.pos.Index, c.Through)
}

// startedLater reports whether the database started from a checkpoint that is later than all files of the directory.
// Then the project is older than the database.
func (j *judge) startedLater() bool {
	last := len(j.files) - 1
	return last >= 0 && len(j.pos.Ahead) > 0 && len(j.pos.Ahead) == len(j.rec.Journal) &&
		len(j.rec.Alembic) == 1 && j.rec.Alembic[0] == j.files[last].Revision
}
