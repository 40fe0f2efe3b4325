package importer

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

var golangMigrateName = regexp.MustCompile(`^(\d+)_(.*)\.(up|down)\.sql$`)

// GolangMigrate reads golang-migrate's VERSION_name.up.sql and VERSION_name.down.sql files.
func GolangMigrate(fsys fs.FS) ([]Migration, error) {
	names, err := files(fsys, golangMigrateName)
	if err != nil {
		return nil, err
	}
	var found []Migration
	downs := make(map[string]*Section)
	for _, name := range names {
		l, err := read(fsys, name[0])
		if err != nil {
			return nil, err
		}
		s := l.whole()
		number := strings.TrimLeft(name[1], "0")
		switch first := downs[number]; {
		case name[3] == "up":
			found = append(found, Migration{Version: name[1], Name: name[2], Up: s})
		case first != nil:
			return nil, fmt.Errorf("%s: the version %s is also that of %s: give one of them another", name[0], name[1], first.File)
		default:
			downs[number] = &s
		}
	}
	slices.SortStableFunc(found, byNumber)
	for i := range found {
		number := strings.TrimLeft(found[i].Version, "0")
		found[i].Down = downs[number]
		delete(downs, number)
	}
	for _, name := range names {
		if d := downs[strings.TrimLeft(name[1], "0")]; d != nil && d.File == name[0] {
			return nil, fmt.Errorf("%s: there is no %s_NAME.up.sql for it: add it, or delete this file", name[0], name[1])
		}
	}
	return found, nil
}

// whole returns the file as a section. golang-migrate sends it as one query, which PostgreSQL runs in a transaction: so
// a BEGIN and COMMIT around all of it are left out. What PostgreSQL refuses there ran in none.
func (l *lines) whole() Section {
	stmts, err := pgsql.Split(l.text)
	if n := len(stmts); err == nil && n >= 2 && verb(stmts[0]) == "BEGIN" && verb(stmts[n-1]) == "COMMIT" {
		// In this order, the first offsets stay right.
		l.text = l.blank(stmts[n-1])
		l.text = l.blank(stmts[0])
		l.all = slices.Collect(strings.Lines(l.text))
		stmts = stmts[1 : n-1]
	}
	s := l.section(0, len(l.all)+1)
	s.TxNone = slices.Contains(runner.Check(stmts, false), runner.NeedsNone)
	return s
}

// blank returns the text with blanks instead of a statement and its semicolon.
func (l *lines) blank(s pgsql.Stmt) string {
	text := []byte(l.text)
	end := s.End
	if rest := l.text[end:]; strings.HasPrefix(strings.TrimLeft(rest, " \t\n"), ";") {
		end += strings.Index(rest, ";") + 1
	}
	for i := s.Pos.Offset; i < end; i++ {
		if text[i] != '\n' {
			text[i] = ' '
		}
	}
	return string(text)
}

// verb returns BEGIN or COMMIT for a statement that begins or ends a transaction with no options.
func verb(s pgsql.Stmt) string {
	switch words := strings.Fields(strings.ToUpper(strings.TrimSuffix(strings.TrimSpace(s.Text), ";"))); strings.Join(words, " ") {
	case "BEGIN", "BEGIN TRANSACTION", "BEGIN WORK", "START TRANSACTION":
		return "BEGIN"
	case "COMMIT", "COMMIT TRANSACTION", "COMMIT WORK", "END":
		return "COMMIT"
	}
	return ""
}
