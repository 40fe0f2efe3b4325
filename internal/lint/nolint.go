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

// The directive -- atlas:nolint silences what is found about statements: all of it where it stands alone, else what it names, by
// analyzer, code or hazard, with blanks or commas in between; what follows a further -- is the reason. In the comment lines at
// the top of a file, with an empty line after them, it goes for the whole file; in the comment lines right above a statement, for
// that statement. That is how Atlas reads it.

const directiveNolint = "nolint"

type nolint struct {
	file       string
	directives []*directive
}

// wholeFile and nowhere are where directives hold that belong to no statement.
const (
	wholeFile = -1
	nowhere   = -2
)

type directive struct {
	pos   pgsql.Pos
	holds int      // the offset of its statement, or wholeFile, or nowhere
	names []string // none: all
	used  []bool   // by name; the only one where there are no names
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
			holds := nowhere
			switch {
			case c.Pos.Offset < top:
				holds = wholeFile
			case i >= attached:
				holds = s.Pos.Offset
			}
			n.read(c, holds)
		}
		end = s.End
	}
	// Comments behind the last statement belong to none.
	line := 1 + strings.Count(f.SQL[:end], "\n")
	for text := range strings.Lines(f.SQL[end:]) {
		if trimmed := strings.Trim(text, "; \t\r\n"); strings.HasPrefix(trimmed, "--") || strings.HasPrefix(trimmed, "/*") {
			holds := nowhere
			if end < top {
				holds = wholeFile
			}
			n.read(pgsql.Comment{Text: trimmed, Pos: pgsql.Pos{Offset: end, Line: line, Col: 1 + strings.Index(text, trimmed)}}, holds)
		}
		end += len(text)
		line++
	}
	return n
}

// header is where the comment lines at the top of a file end.
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

// attached returns the index of the first of the comments that stand right above the statement. An empty line cuts off those
// before it.
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

// read takes a comment in, if it is a directive.
func (n *nolint) read(c pgsql.Comment, holds int) {
	stmt := migrate.Stmt{Comments: []string{c.Text}}
	for _, args := range stmt.Directive(directiveNolint) {
		args, _, _ = strings.Cut(args, "--")
		names := strings.FieldsFunc(args, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
		n.directives = append(n.directives, &directive{pos: c.Pos, holds: holds, names: names, used: make([]bool, max(1, len(names)))})
	}
}

// silences reports whether a directive silences the finding, and remembers which.
func (n *nolint) silences(d Diagnostic) bool {
	if d.Analyzer == "" {
		return false
	}
	silenced := false
	for _, dir := range n.directives {
		if dir.holds != wholeFile && dir.holds != d.Pos {
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

// findings are about the directives themselves. ran says that all statements were looked at: else nobody knows what a directive
// would have silenced.
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
				text := fmt.Sprintf("atlas:nolint names %q, and there is no such check", name)
				if near := words.Nearest(name, silencable()); near != "" {
					text += ": did you mean " + near + "?"
				} else {
					text += "; write a reason behind --"
				}
				add("unknown-nolint", "%s", text)
			case !dir.used[i]:
				unused = append(unused, name)
			}
		}
		switch {
		case dir.holds == nowhere:
			add("unused-nolint", "atlas:nolint silences nothing here: write it right above a statement, or into the comment lines at the top of the file with an empty line after them")
		case !ran:
		case len(dir.names) == 0 && !dir.used[0]:
			add("unused-nolint", "atlas:nolint silences nothing: remove it")
		case len(unused) > 0:
			add("unused-nolint", "atlas:nolint %s silences nothing: remove it", strings.Join(unused, " "))
		}
	}
	return found
}
