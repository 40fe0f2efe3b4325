package migration

import (
	"path"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// The query that tells whether a migration's data step is done is in the migration's header or in done/NAME. The file
// is for migrations that databases have run already: their bytes must not change. Checksums don't cover it.

// A Query is a query whose one row tells whether what a migration does to data has happened.
type Query struct {
	File string // in the migrations folder: the migration's name, or done/NAME
	Stmt pgsql.Stmt
}

// done reads the query of a header.
func (p *headerParser) done(line int, text string) bool {
	if p.down {
		p.complain(line, "%s belongs in the migration itself, not in its down file", migrateDone)
		return false
	}
	query, _, why := doneQuery(text)
	query.Pos.Line = line
	if why != "" {
		p.complain(line, "%s: %s", migrateDone, why)
		return false
	}
	p.h.done = &query
	return true
}

// queries reads the files of DoneDir.
func (p *parser) queries(migrations map[string]*File, files []source) {
	for _, src := range files {
		name := path.Join(DoneDir, src.name)
		f, ok := migrations[src.name]
		if !ok {
			p.add(name, 0, 0, "there is no migration %s for this query: give it its migration's name, or delete it", src.name)
			continue
		}
		query, pos, why := doneQuery(src.text)
		switch {
		case why != "":
			p.add(name, max(pos.Line, 1), pos.Col, "%s", why)
		case f.Done != nil:
			p.add(name, 0, 0, "%s already has a query, in its line %s: keep one of them", src.name, migrateDone)
		default:
			f.Done = &Query{name, query}
		}
	}
}

// doneQuery returns the one query in text, or what is wrong and where.
func doneQuery(text string) (query pgsql.Stmt, at pgsql.Pos, why string) {
	const want = "write one SELECT statement that returns true or false"
	stmts, err := pgsql.Split(text)
	if syntax, ok := err.(*pgsql.SyntaxError); ok {
		return query, syntax.Pos, syntax.Msg
	}
	if err != nil {
		return query, pgsql.Pos{}, err.Error()
	}
	if len(stmts) == 0 {
		return query, pgsql.Pos{}, want
	}
	if len(stmts) > 1 {
		return query, stmts[1].Pos, want
	}
	if stmts[0].Parse().Verb != "SELECT" {
		return query, stmts[0].Pos, want
	}
	return stmts[0], pgsql.Pos{}, ""
}
