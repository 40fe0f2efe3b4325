package migrator

import (
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// start returns the checkpoint from which a database at a place begins on its
// way to the index to; nil if it goes on from where it is.
func (m *Migrator) start(place revision.Place, to int) *migration.Checkpoint {
	if place.Index >= 0 || place.Partial != nil {
		return nil
	}
	return m.dir.StartFor(to)
}

// fromCheckpoint returns the step that gives an empty database a checkpoint.
func (m *Migrator) fromCheckpoint(c *migration.Checkpoint) *step {
	return &step{file: c.File, name: c.Name, stmts: c.Stmts, to: c.Revision, before: m.at(-1), wait: c.LockTimeout}
}
