package lint

import (
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// The directive -- atlas:nolint silences findings about statements: all of them, or those of the analyzers, codes and
// rules that it names, separated by blanks or commas. A reason may follow another --. In the comment lines at the top
// of a file, with an empty line after them, it applies to the file; in the comment lines directly above a statement, to
// the statement. Atlas reads it the same way.

const directiveNolint = "nolint"

type nolint struct {
	file       string
	directives []*directive
}

// wholeFile and nowhere are the scopes of directives that don't belong to a statement.
const (
	wholeFile = -1
	nowhere   = -2
)

type directive struct {
	pos   pgsql.Pos
	scope int      // the offset of its statement, or wholeFile, or nowhere
	names []string // all if empty
	used  []bool   // by name; one element if there are no names
}

func readNolint(f *migration.File) *nolint {
	n := &nolint{file: f.Name}
	top := 0
	if len(migrate.NewLocalFile(f.Name, []byte(f.SQL)).Directive(directiveNolint)) > 0 {
		top = header(f.SQL)
	}
	end := 0
	for _, s := range f.Stmts {
		attached := attached(f.SQL, s)
		for i, c := range s.Comments {
			scope := nowhere
			switch {
			case c.Pos.Offset < top:
				scope = wholeFile
			case i >= attached:
				scope = s.Pos.Offset
			}
			n.read(c, scope)
		}
		end = s.End
	}
	// Comments after the last statement aren't for a statement.
	line := 1 + strings.Count(f.SQL[:end], "\n")
	for text := range strings.Lines(f.SQL[end:]) {
		if trimmed := strings.Trim(text, "; \t\r\n"); strings.HasPrefix(trimmed, "--") || strings.HasPrefix(trimmed, "/*") {
			scope := nowhere
			if end < top {
				scope = wholeFile
			}
			n.read(pgsql.Comment{Text: trimmed, Pos: pgsql.Pos{Offset: end, Line: line, Col: 1 + strings.Index(text, trimmed)}}, scope)
		}
		end += len(text)
		line++
	}
	return n
}

// header returns the length of the comment lines at the top of a file.
func header(src string) int {
	end := 0
	for line := range strings.Lines(src) {
		if !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, "#") {
			break
		}
		end += len(line)
	}
	return end
}

// attached returns the index of the first of the comments directly above the statement. An empty line separates earlier
// ones.
func attached(src string, s pgsql.Stmt) int {
	first := 0
	for i, c := range s.Comments {
		next := s.Pos.Offset
		if i+1 < len(s.Comments) {
			next = s.Comments[i+1].Pos.Offset
		}
		if strings.HasPrefix(src[c.Pos.Offset+len(c.Text):next], "\n\n") {
			first = i + 1
		}
	}
	return first
}

// read adds a comment if it is a directive.
func (n *nolint) read(c pgsql.Comment, scope int) {
	stmt := migrate.Stmt{Comments: []string{c.Text}}
	for _, args := range stmt.Directive(directiveNolint) {
		args, _, _ = strings.Cut(args, "--")
		names := strings.FieldsFunc(args, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
		n.directives = append(n.directives, &directive{pos: c.Pos, scope: scope, names: names, used: make([]bool, max(1, len(names)))})
	}
}

// silences reports whether a directive silences the finding, and marks it as used.
func (n *nolint) silences(d Diagnostic) bool {
	if d.Analyzer == "" {
		return false
	}
	silenced := false
	for _, dir := range n.directives {
		if dir.scope != wholeFile && dir.scope != d.Pos {
			continue
		}
		if len(dir.names) == 0 {
			dir.used[0], silenced = true, true
		}
		for i, name := range dir.names {
			if alias, ok := aliases[name]; ok {
				name = alias
			}
			if name == d.Analyzer || name == d.Name || name == d.Code {
				dir.used[i], silenced = true, true
			}
		}
	}
	return silenced
}

// findings returns the findings about the directives themselves. If ran is not set, statements were skipped, so it is
// unknown what the directives would silence.
func (n *nolint) findings(ran bool) []Diagnostic {
	var found []Diagnostic
	for _, dir := range n.directives {
		add := func(name, format string, args ...any) {
			found = append(found, Diagnostic{
				Pos: dir.pos.Offset, Line: dir.pos.Line, Col: dir.pos.Col, Name: name, Text: fmt.Sprintf(format, args...),
			})
		}
		var unused []string
		for i, name := range dir.names {
			switch {
			case !slices.Contains(silencable(), name):
				text := fmt.Sprintf("atlas:nolint names unknown check %q", name)
				if near := words.Nearest(name, silencable()); near != "" {
					text += ": did you mean " + near + "?"
				} else {
					text += "; write a reason after --"
				}
				add("unknown-nolint", "%s", text)
			case !dir.used[i]:
				unused = append(unused, name)
			}
		}
		switch {
		case dir.scope == nowhere:
			add("unused-nolint", "atlas:nolint silences nothing here: put it directly above a statement, or in the comment lines at the top of the file, followed by an empty line")
		case !ran:
		case len(dir.names) == 0 && !dir.used[0]:
			add("unused-nolint", "atlas:nolint silences nothing: remove it")
		case len(unused) > 0:
			add("unused-nolint", "atlas:nolint %s silences nothing: remove it", strings.Join(unused, " "))
		}
	}
	return found
}
