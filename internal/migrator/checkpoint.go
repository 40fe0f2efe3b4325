package migrator

import (
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// start returns the checkpoint that a database starts from to get to the index to; nil if it continues from its
// position.
func (m *Migrator) start(pos revision.Position, to int) *migration.Checkpoint {
	if pos.Index >= 0 || pos.Partial != nil {
		return nil
	}
	return m.dir.StartFor(to)
}

// fromCheckpoint returns the step that runs a checkpoint on an empty database.
func (m *Migrator) fromCheckpoint(c *migration.Checkpoint) *step {
	return &step{file: c.File, name: c.Name, stmts: c.Stmts, to: c.Revision, before: m.at(-1), wait: c.LockTimeout}
}
