package lint

import (
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// The directive -- atlas:nolint silences what the analyzers find: all of it where it stands alone, else what it names, by
// analyzer, code or hazard, with blanks or commas in between. In the comment lines at the top of a file, with an empty line after
// them, it goes for the whole file; in the comment lines right above a statement, for that statement. That is how Atlas reads it.

const directiveNolint = "nolint"

type nolint struct {
	file       rules
	statements map[int]rules // by the statement's offset
}

type rules struct {
	all   bool
	names []string
}

func readNolint(f *migration.File) nolint {
	n := nolint{statements: make(map[int]rules)}
	n.file.add(migrate.NewLocalFile(f.Name, []byte(f.SQL)).Directive(directiveNolint))
	for _, s := range f.Stmts {
		stmt := &migrate.Stmt{Comments: attached(f.SQL, s)}
		var r rules
		r.add(stmt.Directive(directiveNolint))
		n.statements[s.Pos.Offset] = r
	}
	return n
}

// attached returns the comments that stand right above the statement. An empty line cuts off those before it.
func attached(src string, s pgsql.Stmt) []string {
	var comments []string
	for i, c := range s.Comments {
		comments = append(comments, c.Text)
		next := s.Pos.Offset
		if i+1 < len(s.Comments) {
			next = s.Comments[i+1].Pos.Offset
		}
		if strings.HasPrefix(src[c.Pos.Offset+len(c.Text):next], "\n\n") {
			comments = nil
		}
	}
	return comments
}

func (r *rules) add(directives []string) {
	for _, d := range directives {
		names := strings.FieldsFunc(d, func(c rune) bool { return c == ' ' || c == ',' || c == '\t' })
		r.all = r.all || len(names) == 0
		r.names = append(r.names, names...)
	}
}

// covers reports whether the finding is silenced.
func (n nolint) covers(d Diagnostic) bool {
	return d.Analyzer != "" && (n.file.cover(d) || n.statements[d.Pos].cover(d))
}

func (r rules) cover(d Diagnostic) bool {
	return r.all || slices.ContainsFunc(r.names, func(name string) bool {
		return name == d.Analyzer || name == d.Name || name == d.Code && d.Code != ""
	})
}
