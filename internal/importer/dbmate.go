package importer

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
)

var dbmateName = regexp.MustCompile(`^(\d+)(.*)\.sql$`)

// Dbmate reads dbmate's VERSION_name.sql files, whose sections begin with "-- migrate:up" and "-- migrate:down". dbmate
// sorts them by name, as the folder is.
func Dbmate(fsys fs.FS) ([]Migration, error) {
	names, err := files(fsys, dbmateName)
	if err != nil {
		return nil, err
	}
	var found []Migration
	var errs []error
	for _, name := range names {
		m := Migration{Version: name[1], Name: name[2]}
		if err := m.dbmate(fsys, name[0]); err != nil {
			errs = append(errs, err)
		}
		found = append(found, m)
	}
	return found, errors.Join(errs...)
}

func (m *Migration) dbmate(fsys fs.FS, file string) error {
	l, err := read(fsys, file)
	if err != nil {
		return err
	}
	c := cutter{lines: l}
	none := make(map[bool]bool) // by whether it is the down section
	for _, mark := range l.marks("migrate:") {
		if len(mark.words) == 0 || mark.words[0] != "up" && mark.words[0] != "down" {
			continue
		}
		down := mark.words[0] == "down"
		if err := c.mark(mark.line, down); err != nil {
			return err
		}
		none[down] = slices.Contains(mark.words[1:], "transaction:false")
	}
	if err := c.cut(m, "-- migrate:up"); err != nil {
		return err
	}
	m.Up.TxNone = none[false]
	if m.Down != nil {
		m.Down.TxNone = none[true]
	}
	return nil
}
