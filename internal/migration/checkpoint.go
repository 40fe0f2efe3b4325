package migration

import (
	"slices"
)

// Checkpoint is a file with the directive atlas:checkpoint. In an empty database it does at once what the migrations
// before it do one by one. A database that has run any of those never runs it, so it isn't among [Dir.Files], and its
// revision id is that of the last migration that it replaces.
type Checkpoint struct {
	*File
	Through int // index in Files of the last migration that it replaces
}

// Checkpoints returns the checkpoints, ascending by version. The slice must not be changed.
func (d *Dir) Checkpoints() []*Checkpoint { return d.checkpoints }

// Checkpoint returns the checkpoint with that version, or nil.
func (d *Dir) Checkpoint(version string) *Checkpoint {
	i := slices.IndexFunc(d.checkpoints, func(c *Checkpoint) bool { return c.Version == version })
	if i < 0 {
		return nil
	}
	return d.checkpoints[i]
}

// StartFor returns the checkpoint from which an empty database gets to the file at the index through: the last one that
// replaces no later file. It is nil if the database starts with the first file.
func (d *Dir) StartFor(through int) *Checkpoint {
	for _, c := range slices.Backward(d.checkpoints) {
		if c.Through <= through {
			return c
		}
	}
	return nil
}

func (p *headerParser) checkpoint(line int) bool {
	if p.down {
		p.complain(line, "%s belongs in the migration itself, not in its down file", atlasCheckpoint)
		return false
	}
	p.h.checkpoint = line
	return true
}

// mark notes that f is a checkpoint, and reports directives that a checkpoint can't have.
func (p *parser) mark(f *File, h header) {
	if p.marked == nil {
		p.marked = make(map[string]int)
	}
	p.marked[f.Name] = h.checkpoint
	if h.txNone {
		p.add(f.Name, h.checkpoint, 0, "a checkpoint runs in one transaction: remove \"%s none\"", atlasTxmode)
	}
	if h.contract > 0 {
		p.add(f.Name, h.contract, 0, "a checkpoint runs only in empty databases, where apply doesn't stop: remove \"%s\"", migrateContract)
	}
	if h.revision != "" {
		p.add(f.Name, h.checkpoint, 0, "a checkpoint has the revision id of the last migration before it: remove \"%s\"", alembicRevision)
	}
}

// checkpoints separates the checkpoints from the migrations.
func (p *parser) checkpoints(d *Dir) {
	for _, f := range d.all {
		line, ok := p.marked[f.Name]
		switch {
		case !ok:
			d.files = append(d.files, f)
			continue
		case len(d.files) == 0:
			p.add(f.Name, line, 0, "a checkpoint replaces the migrations before it, and there are none: remove the directive %s", atlasCheckpoint)
			continue
		}
		c := &Checkpoint{File: f, Through: len(d.files) - 1}
		f.Revision = d.files[c.Through].Revision
		d.checkpoints = append(d.checkpoints, c)
	}
	for _, f := range d.files {
		if c := d.Checkpoint(f.Revision); c != nil {
			p.add(f.Name, 0, 0, "the revision id %s is the version of the checkpoint %s", f.Revision, c.Name)
		}
	}
}
