package importer

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

var gooseName = regexp.MustCompile(`^(\d+)_(.*)\.(sql|go)$`)

// Goose reads goose's VERSION_name.sql files, whose sections begin with "-- +goose Up" and "-- +goose Down".
func Goose(fsys fs.FS) ([]Migration, error) {
	names, err := files(fsys, gooseName)
	if err != nil {
		return nil, err
	}
	var found []Migration
	var errs []error
	for _, name := range names {
		if name[3] == "go" {
			if !strings.HasSuffix(name[2], "_test") {
				errs = append(errs, fmt.Errorf("%s: this migration is a Go program: write what it does as SQL", name[0]))
			}
			continue
		}
		m := Migration{Version: name[1], Name: name[2]}
		if err := m.goose(fsys, name[0]); err != nil {
			errs = append(errs, err)
		}
		found = append(found, m)
	}
	slices.SortStableFunc(found, byNumber)
	return found, errors.Join(errs...)
}

func (m *Migration) goose(fsys fs.FS, file string) error {
	l, err := read(fsys, file)
	if err != nil {
		return err
	}
	var up, down int
	var skip []int
	txNone := false
	for _, mark := range l.marks("+goose") {
		skip = append(skip, mark.line)
		switch word := strings.ToUpper(strings.Join(mark.words, " ")); word {
		case "UP":
			if up > 0 || down > 0 {
				return l.refuse(mark.line, "there is an up or a down section before this one: keep one of each, the up section first")
			}
			up = mark.line
		case "DOWN":
			if up == 0 || down > 0 {
				return l.refuse(mark.line, "the down section must follow the up section, once")
			}
			down = mark.line
		case "STATEMENTBEGIN", "STATEMENTEND":
		case "NO TRANSACTION":
			txNone = true
		default:
			if strings.HasPrefix(word, "ENVSUB") {
				return l.refuse(mark.line, "the SQL depends on environment variables (ENVSUB): write their values into it")
			}
			return l.refuse(mark.line, "goose has no annotation %q", strings.Join(mark.words, " "))
		}
	}
	if up == 0 {
		return l.refuse(1, "there is no \"-- +goose Up\"")
	}
	if err := l.before(up, "-- +goose Up"); err != nil {
		return err
	}
	end := len(l.all) + 1
	if down > 0 {
		s := l.section(down, end, skip...)
		s.TxNone = txNone
		m.Down, end = &s, down
	}
	m.Up = l.section(up, end, skip...)
	m.Up.TxNone = txNone
	return nil
}
