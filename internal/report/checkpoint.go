package report

import (
	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// checkpointRow returns a checkpoint's line in a history. It follows the last migration that the checkpoint replaces.
func checkpointRow(c *migration.Checkpoint, st *migrator.Status) []safe {
	row := []safe{line(c.Version), "checkpoint", line(c.Desc)}
	switch {
	case st == nil:
		return row
	case st.Checkpoint == c:
		for _, r := range st.Journal {
			if r.Version == c.Version {
				return append(row, appliedAt(r))
			}
		}
		return append(row, "applied")
	case st.Index < 0 && len(st.Pending) > 0 && st.Pending[0] == c.File:
		return append(row, "an empty database starts here")
	}
	return append(row, "not used by this database")
}

func appliedAt(r *migrate.Revision) safe {
	return sprintf("applied %s in %s", r.ExecutedAt.UTC().Format("2006-01-02 15:04"), short(r.ExecutionTime))
}

func checkpointFiles(checkpoints []*migration.Checkpoint) []migrationFile {
	var out []migrationFile
	for _, c := range checkpoints {
		out = append(out, newMigrationFile(c.File))
	}
	return out
}
