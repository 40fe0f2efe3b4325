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
	c := cutter{lines: l}
	var skip []int
	txNone := false
	for _, mark := range l.marks("+goose") {
		skip = append(skip, mark.line)
		switch word := strings.ToUpper(strings.Join(mark.words, " ")); word {
		case "UP", "DOWN":
			if err := c.mark(mark.line, word == "DOWN"); err != nil {
				return err
			}
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
	if err := c.cut(m, "-- +goose Up", skip...); err != nil {
		return err
	}
	m.Up.TxNone = txNone
	if m.Down != nil {
		m.Down.TxNone = txNone
	}
	return nil
}
