package runner

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Opening returns psql commands that set a session up, as Open does.
func (s *Session) Opening() string {
	var b strings.Builder
	for _, v := range s.opts.settings(serverMajor(s.Conn)) {
		b.WriteString(v.sql() + ";\n")
	}
	// A script that changes them affects only later sessions.
	b.WriteString("SELECT " + storedSQL + " AS stored \\gset\n")
	return b.String()
}

// Resetting returns psql commands for the end of a script of stmts, that reset the session or, if that isn't possible,
// connect again. unlock and lock run before and after connecting.
func (s *Session) Resetting(stmts []pgsql.Stmt, unlock, lock string) string {
	s.ran.loads = s.ran.loader
	for _, stmt := range stmts {
		s.ran.statement(stmt.Text)
	}
	stale := storedSQL + " <> :'stored' OR " + s.ran.blankSQL()
	if s.ran.loads {
		stale = "true"
	}
	return strings.Join(resets, "; ") + ";\n" +
		"DO $$BEGIN LOOP PERFORM " + strings.TrimPrefix(unlockSQL(s.opts.Keep), "SELECT ") + "; EXIT WHEN NOT FOUND; END LOOP; END$$;\n" +
		"SELECT " + stale + " AS stale \\gset\n" +
		"\\if :stale\n" + unlock + "\\connect\n" + lock + "\\endif\n" +
		s.Opening()
}

// OwnRoleScript returns psql commands that do what OwnRole does in a script of stmts.
func (s *Session) OwnRoleScript(stmts []pgsql.Stmt) (enter, leave string) {
	enter = "SELECT pg_catalog.current_setting('role') AS role"
	set, back := "", ""
	says := func(word string) bool {
		return slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool { return strings.Contains(strings.ToLower(s.Text), word) })
	}
	if says("authorization") {
		enter += ", session_user AS authorized"
		set, back = ownLoginSQL+";\n", "SET LOCAL SESSION AUTHORIZATION :'authorized';\n"
	}
	if says("client_encoding") || says("names") {
		enter += ", pg_catalog.current_setting('client_encoding') AS encoding"
		set, back = set+"SET LOCAL client_encoding = 'UTF8';\n", back+"SET LOCAL client_encoding = :'encoding';\n"
	}
	return enter + " \\gset\n" + set + s.ownRoleSQL() + ";\n", back + "SET LOCAL role TO :'role';\n"
}
