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
	var up, down int
	var upNone, downNone bool
	for _, mark := range l.marks("migrate:") {
		if len(mark.words) == 0 {
			continue
		}
		none := slices.Contains(mark.words[1:], "transaction:false")
		switch mark.words[0] {
		case "up":
			if up > 0 || down > 0 {
				return l.refuse(mark.line, "there is an up or a down section before this one: keep one of each, the up section first")
			}
			up, upNone = mark.line, none
		case "down":
			if up == 0 || down > 0 {
				return l.refuse(mark.line, "the down section must follow the up section, once")
			}
			down, downNone = mark.line, none
		}
	}
	if up == 0 {
		return l.refuse(1, "there is no \"-- migrate:up\"")
	}
	if err := l.before(up, "-- migrate:up"); err != nil {
		return err
	}
	end := len(l.all) + 1
	if down > 0 {
		s := l.section(down, end)
		s.TxNone = downNone
		m.Down, end = &s, down
	}
	m.Up = l.section(up, end)
	m.Up.TxNone = upNone
	return nil
}
