package importer

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/capture"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// recordTable is where Alembic records the revision.
const recordTable = "alembic_version"

// A recorded is what a run of Alembic did to a database.
type recorded struct {
	stmts []statement
	wrote []string // the revision ids that it wrote into alembic_version
	reads []string // the tables whose rows Python saw, in order
	part  bool     // a statement changes some rows only, such as one in a loop
	locks bool     // a LOCK was left out, because there is no transaction that it belongs to
}

// A statement is one that a migration needs.
type statement struct {
	sql string
	tx  int  // 0: it ran outside a transaction
	set bool // it changes the session only, in a transaction or not
}

// needed returns what of a recording a migration needs: not what only reads, what was rolled back, what is the driver's
// or Alembic's own. conn is a connection to the database after the run, and tables are the users' tables before it.
func needed(ctx context.Context, conn *pgx.Conn, rec *capture.Recording, tables map[string]bool) (*recorded, error) {
	after, err := tablesOf(ctx, conn)
	if err != nil {
		return nil, err
	}
	r := &recorded{}
	created := make(map[string]bool) // functions
	saw := func(names ...string) {
		for _, name := range names {
			if (tables[name] || after[name]) && !slices.Contains(r.reads, name) {
				r.reads = append(r.reads, name)
			}
		}
	}
	for _, s := range rec.Statements {
		st := pgsql.Stmt{Text: s.SQL}.Parse()
		words := pgsql.Words(pgsql.Tokens(s.SQL))
		if slices.ContainsFunc(st.Targets, func(n pgsql.Name) bool { return n.Name == recordTable }) {
			r.recordWrite(s, st, words)
			continue
		}
		if onlyReads(st) {
			saw(sources(words)...)
			acts, err := acts(ctx, conn, words, created)
			if err != nil {
				return nil, err
			}
			if !acts {
				continue
			}
		}
		if s.Undone || ofDriver(st) {
			continue
		}
		if strings.HasSuffix(st.Verb, "FUNCTION") || strings.HasSuffix(st.Verb, "PROCEDURE") {
			for _, n := range st.Targets {
				created[n.Name] = true
			}
		}
		for _, part := range append(st.With, st) {
			if !changesRows(part) {
				continue
			}
			if words.Anywhere("RETURNING") {
				saw(part.Targets[0].Name)
			}
			r.part = r.part || words.Anywhere("LIMIT")
		}
		list, err := s.Script(ctx, conn)
		if err != nil {
			return nil, err
		}
		for _, sql := range list {
			r.stmts = append(r.stmts, statement{tidy(sql), s.Tx, sets(st, words)})
		}
	}
	if len(r.lasting()) == 0 {
		r.stmts = nil
	}
	if r.txNone() {
		r.stmts = slices.DeleteFunc(r.stmts, func(s statement) bool {
			lock := runner.Check([]pgsql.Stmt{{Text: s.sql}}, true)[0] == runner.NeedsOne
			r.locks = r.locks || lock
			return lock
		})
	}
	return r, nil
}

// recordWrite takes note of a statement about alembic_version.
func (r *recorded) recordWrite(s *capture.Statement, st *pgsql.Statement, words pgsql.Words) {
	if s.Undone || st.Verb != "INSERT" && st.Verb != "UPDATE" {
		return
	}
	for _, t := range words { // the new id comes first
		if t.Kind == pgsql.String {
			r.wrote = append(r.wrote, pgsql.StringValue(t.Text))
			return
		}
	}
	r.wrote = append(r.wrote, "")
}

// sets reports whether a statement changes nothing but the session.
func sets(st *pgsql.Statement, words pgsql.Words) bool {
	switch st.Verb {
	case "SET", "RESET":
		return !words.Starts(1, "LOCAL")
	case "SELECT":
		name, next, _ := words.Name(1)
		return name.Name == "set_config" && words.Find(next, "FROM") < 0
	}
	return false
}

// lasting returns the statements that change more than the session.
func (r *recorded) lasting() []statement {
	return slices.DeleteFunc(slices.Clone(r.stmts), func(s statement) bool { return s.set })
}

// txNone reports whether the statements weren't all in one transaction.
func (r *recorded) txNone() bool {
	list := r.lasting()
	return slices.ContainsFunc(list, func(s statement) bool { return s.tx == 0 || s.tx != list[0].tx })
}

// apart returns the numbers of the statements, from 1, that ran in a transaction with others and won't, as "2-4".
func (r *recorded) apart() (list []string) {
	if !r.txNone() {
		return nil
	}
	for i := 0; i < len(r.stmts); {
		end := i + 1
		for end < len(r.stmts) && r.stmts[i].tx != 0 && r.stmts[end].tx == r.stmts[i].tx {
			end++
		}
		if end-i > 1 {
			list = append(list, fmt.Sprintf("%d-%d", i+1, end))
		}
		i = end
	}
	return list
}

// sql returns the statements as the text of a file, with an empty line before and after each that has several lines.
func (r *recorded) sql() string {
	var b strings.Builder
	for i, s := range r.stmts {
		if i > 0 && strings.Contains(r.stmts[i-1].sql+s.sql, "\n") {
			b.WriteString("\n")
		}
		b.WriteString(s.sql + ";\n")
	}
	return b.String()
}

// tablesOf returns the names of the users' tables and views.
func tablesOf(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	rows, err := conn.Query(ctx, `SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)' AND c.relname <> $1`, recordTable)
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool)
	var name string
	_, err = pgx.ForEachRow(rows, []any{&name}, func() error {
		names[name] = true
		return nil
	})
	return names, err
}

// readers are the verbs of statements that return something and change nothing by themselves, or only the session.
var readers = []string{
	"", "SELECT", "VALUES", "TABLE", "SHOW", "FETCH", "MOVE", "CLOSE", "DECLARE", "LISTEN", "UNLISTEN", "DEALLOCATE", "DISCARD", "CHECKPOINT",
}

// onlyReads reports whether a statement changes nothing, unless a function that it calls does.
func onlyReads(st *pgsql.Statement) bool {
	switch st.Verb {
	case "WITH", "EXPLAIN":
		return !slices.ContainsFunc(st.With, func(part *pgsql.Statement) bool { return !onlyReads(part) })
	case "COPY":
		_, next, ok := st.Rest.Name(0)
		return !ok || st.Rest.Find(next, "FROM") < 0
	case "SELECT":
		return st.Rest.Find(0, "INTO") < 0
	}
	return slices.Contains(readers, st.Verb)
}

// changesRows reports whether a statement, or a part of it, changes a table's rows.
func changesRows(st *pgsql.Statement) bool {
	switch st.Verb {
	case "INSERT", "UPDATE", "DELETE", "MERGE":
		return len(st.Targets) > 0
	}
	return false
}

// ofDrivers are the settings that belong to a client's session, and to no script.
var ofDrivers = []string{"application_name", "bytea_output", "characteristics", "client_encoding", "extra_float_digits", "names", "transaction"}

// ofDriver reports whether a statement sets one of them.
func ofDriver(st *pgsql.Statement) bool {
	return st.Verb == "SET" && len(st.Targets) > 0 && slices.Contains(ofDrivers, st.Targets[0].Name)
}

// sources returns the names that follow FROM and JOIN, and commas after FROM: tables, among others.
func sources(words pgsql.Words) (names []string) {
	from := map[int]bool{} // by depth, whether a comma is followed by a table
	depth := 0
	for i := range words {
		switch words.At(i) {
		case "(", "[":
			depth++
			from[depth] = false
		case ")", "]":
			depth--
		case "FROM", "JOIN", "TABLE", "COPY":
			from[depth] = true
		case "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "SELECT", "WINDOW", "RETURNING", "EXCEPT", "INTERSECT":
			from[depth] = false
			continue
		case ",", "ONLY", "LATERAL":
		default:
			continue
		}
		next := i + 1
		if words.At(i) == "(" || words.At(i) == ")" || words.At(i) == "[" || words.At(i) == "]" || !from[depth] {
			continue
		}
		if n, _, ok := words.Name(next); ok && n.Schema != "pg_catalog" && n.Schema != "information_schema" {
			names = append(names, n.Name)
		}
	}
	return names
}

// actsSQL reports whether one of the named functions may change something. Of PostgreSQL's own, few do.
const actsSQL = `SELECT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.proname = ANY ($1) AND p.provolatile = 'v'
  AND (p.pronamespace <> 'pg_catalog'::regnamespace OR p.proname ~ '^(setval|nextval|set_config|pg_notify|pg_logical_emit_message|lo_.*)$'))`

// acts reports whether words call a function that may change something: one that is created, or that the database has.
func acts(ctx context.Context, conn *pgx.Conn, words pgsql.Words, created map[string]bool) (yes bool, err error) {
	var called []string
	for i := range words {
		if name, next, ok := words.Ident(i); ok && words.At(next) == "(" {
			if created[name] {
				return true, nil
			}
			called = append(called, name)
		}
	}
	if len(called) == 0 {
		return false, nil
	}
	err = conn.QueryRow(ctx, actsSQL, called).Scan(&yes)
	return yes, err
}

// tidy removes the blanks at the ends of lines and replaces tabs, between the tokens of a statement.
func tidy(sql string) string {
	sql = strings.TrimRight(strings.TrimSpace(sql), "; \t\r\n")
	var b strings.Builder
	at := 0
	for _, t := range pgsql.Tokens(sql) {
		gap := sql[at:t.Pos.Offset]
		if strings.TrimSpace(gap) == "" { // there is no comment in it
			gap = strings.ReplaceAll(blanks.ReplaceAllString(gap, "\n"), "\t", "    ")
		}
		b.WriteString(gap + t.Text)
		at = t.Pos.Offset + len(t.Text)
	}
	return b.String() + sql[at:]
}

// blanks matches a line's end with the blanks before it, and empty lines after it.
var blanks = regexp.MustCompile(`[ \t\r]*\n(?:[ \t\r]*\n)*`)
