package migration

import (
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// psql adds an error for the first statement that only psql understands, and reports whether there is one: COPY FROM
// STDIN with rows, for which a server would wait forever, and psql's own commands.
func (p *parser) psql(name, text string, stmts []pgsql.Stmt) bool {
	for _, s := range stmts {
		if !strings.Contains(s.Text, `\`) && !strings.EqualFold(s.Text[:min(len(s.Text), len("copy"))], "copy") {
			continue
		}
		words := pgsql.Words(pgsql.Tokens(s.Text))
		if words.At(0) == "COPY" && words.Find(0, "FROM", "STDIN") >= 0 {
			p.add(name, s.Pos.Line, s.Pos.Col, "%s: only psql reads the rows that follow, and a server would wait for them forever; write them as INSERT statements", abbreviate(s.Text))
			return true
		}
		for _, t := range words {
			if t.Kind == pgsql.Op && t.Text == `\` {
				at := position(text, s.Pos.Offset+t.Pos.Offset)
				line, _, _ := strings.Cut(s.Text[t.Pos.Offset:], "\n")
				p.add(name, at.Line, at.Col, "%s is a psql command, which no server understands: write plain SQL, and copy what it would include into this file", abbreviate(line))
				return true
			}
		}
	}
	return false
}
