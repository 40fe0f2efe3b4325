package migrator

import (
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// contract returns the index of the pending contract file before which Apply stops, -1 if there is none. At the base no
// application can use the schema yet, so nothing waits there.
func (m *Migrator) contract(pos revision.Position) int {
	if m.cfg.Contract || pos.Index < 0 {
		return -1
	}
	first := pos.Index + 1
	if pos.Partial != nil && !revision.IsDown(pos.Partial) {
		first++ // it has begun, and is finished
	}
	for i := first; i < len(m.files); i++ {
		if m.files[i].Contract {
			return i
		}
	}
	return -1
}

// stop returns the target before which Apply doesn't stop, and puts the contract files that wait or run into res.
func (m *Migrator) stop(pos revision.Position, to int, opts Options, res *Result) int {
	i := m.contract(pos)
	switch {
	case i < 0 || i > to:
		return to
	case !opts.Contract && opts.To == "":
		res.Waiting = m.files[i:]
		return i - 1
	}
	for _, f := range m.files[i : to+1] {
		if f.Contract {
			res.Passed = append(res.Passed, f)
		}
	}
	return to
}

// waiting returns the pending files that Apply doesn't run, because the first is a contract file before which it stops.
func (m *Migrator) waiting(pos revision.Position) []*migration.File {
	i := m.contract(pos)
	if i < 0 {
		return nil
	}
	return m.files[i:]
}
