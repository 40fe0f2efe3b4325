package runner

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Options are the variable settings of a session.
type Options struct {
	ApplicationName string        // default "ibutsu-schema"
	SearchPath      []string      // schema names, default public
	Role            string        // default: the role that logged in
	Messages        string        // client_min_messages, default notice
	LockTimeout     time.Duration // in whole milliseconds; default 0: none
	// CheckClient is how often the server checks during a statement that the client is still connected. 0: as
	// configured. Not supported before PostgreSQL 14, nor on every system.
	CheckClient time.Duration
	// Keep is the key of the caller's advisory lock, which Reset doesn't free. 0: none.
	Keep int64
	// Bound, if not nil, gives the context of each statement of a script, and of the commit. done is called with the
	// statement's error and returns the one to report.
	Bound func(context.Context) (bounded context.Context, done func(error) error)
	// Statement, if not nil, returns the SQL to run instead of a script's statement. explain is called with
	// PostgreSQL's error and returns the one to report.
	Statement func(sql string) (run string, explain func(error) error)
}

// A Session is a connection on which scripts run, one after the other. It isn't safe for concurrent use.
type Session struct {
	Conn *pgx.Conn

	opts   Options
	login  string // the role that logged in
	stored string // the stored settings when the session started

	ran  traces // of the scripts so far
	used bool   // since the session was set up or reset

	changed int64 // by the last statement
}

// Open sets conn up for scripts: it sets everything that the server, the database, the role or the environment may have
// set otherwise, so that a script means the same everywhere. It takes one query, in one round trip, because connection
// poolers refuse unknown startup parameters.
func Open(ctx context.Context, conn *pgx.Conn, opts Options) (*Session, error) {
	s, _, err := open(ctx, conn, "true", opts)
	return s, err
}

// OpenOn is like Open, but does nothing unless the backend has the pid that was reported to the client. If the pids
// differ, the connection goes through a pooler, and the settings might reach other clients. OpenOn returns the
// backend's pid.
func OpenOn(ctx context.Context, conn *pgx.Conn, pid uint32, opts Options) (s *Session, backend uint32, err error) {
	return open(ctx, conn, fmt.Sprintf("pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) %d", int32(pid)), opts)
}

func open(ctx context.Context, conn *pgx.Conn, condition string, opts Options) (*Session, uint32, error) {
	s := &Session{Conn: conn, opts: opts}
	sql := "SELECT pg_catalog.pg_backend_pid(), " + storedSQL +
		", CASE WHEN " + condition + " THEN " + s.settingsSQL() + " END"
	var pid int32
	err := conn.QueryRow(ctx, sql, pgx.QueryExecModeExec).Scan(&pid, &s.stored, nil)
	if pgsql.SQLState(err) == pgsql.InvalidParameterValue && opts.CheckClient != 0 {
		opts.CheckClient = 0 // the system doesn't support it, or another value is invalid, whose error follows
		return open(ctx, conn, condition, opts)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("setting up the session: %w", err)
	}
	s.login = s.authorized()
	return s, uint32(pid), nil
}

// authorized returns the role of SET SESSION AUTHORIZATION, as the server reports it.
func (s *Session) authorized() string {
	return s.Conn.PgConn().ParameterStatus("session_authorization")
}

// OwnRole returns statements that, in a transaction, switch to the role that the session started with, and back to the
// script's.
func (s *Session) OwnRole() (enter, leave string) {
	set := func(name, value string) string { return "pg_catalog.set_config('" + name + "', " + value + ", true)" }
	own := "NULL" // which resets
	if s.opts.Role != "" {
		own = pgsql.Literal(s.opts.Role)
	}
	enter = "SELECT " + set(roleSetting, "pg_catalog.current_setting('role')") + ", "
	leave = "SELECT "
	if role := s.authorized(); role != s.login {
		enter += set("session_authorization", "NULL") + ", "
		leave += set("session_authorization", pgsql.Literal(role)) + ", "
	}
	return enter + set("role", own), leave + set("role", "pg_catalog.current_setting('"+roleSetting+"')")
}

// EnterOwnRole returns statements that switch to the role that the session started with for the rest of a transaction.
func (s *Session) EnterOwnRole() []string {
	role := s.ownRoleSQL()
	if s.authorized() != s.login {
		return []string{ownLoginSQL, role}
	}
	return []string{role}
}

const ownLoginSQL = "SET LOCAL SESSION AUTHORIZATION DEFAULT"

func (s *Session) ownRoleSQL() string {
	if s.opts.Role != "" {
		return "SET LOCAL role TO " + pgsql.Literal(s.opts.Role)
	}
	return "SET LOCAL role TO DEFAULT"
}

// roleSetting holds the script's role in between.
const roleSetting = "ibutsu_schema.role"

// Used tells Reset that the session's settings were changed by something other than a script.
func (s *Session) Used() { s.used = true }

// settingsSQL returns an expression that sets the settings of the session.
func (s *Session) settingsSQL() string {
	var set []string
	for _, v := range s.opts.settings(serverMajor(s.Conn)) {
		set = append(set, fmt.Sprintf("pg_catalog.set_config('%s', %s, false)", v.name, pgsql.Literal(v.value)))
	}
	return "ARRAY[\n" + strings.Join(set, ",\n") + "]"
}

// A setting is a name and the value that it is set to.
type setting struct{ name, value string }

// sql returns the statement that sets it.
func (v setting) sql() string {
	value := pgsql.Literal(v.value)
	if v.name == "search_path" { // a list of names; a string would be one name
		value = v.value
	}
	return "SET " + v.name + " = " + value
}

// settings returns the settings for a major version.
func (opts Options) settings(major int) []setting {
	opts.ApplicationName = cmp.Or(opts.ApplicationName, "ibutsu-schema")
	if len(opts.SearchPath) == 0 {
		opts.SearchPath = []string{"public"}
	}
	var path []string
	for _, schema := range opts.SearchPath {
		path = append(path, pgsql.Ident(schema))
	}
	settings := []setting{
		{"quote_all_identifiers", "off"},
		{"application_name", opts.ApplicationName},
		{"client_encoding", "UTF8"},
		{"client_min_messages", cmp.Or(opts.Messages, "notice")},
		{"search_path", strings.Join(path, ", ")},
		{"timezone", "UTC"},
		{"datestyle", "ISO, MDY"},
		{"intervalstyle", "postgres"},
		{"standard_conforming_strings", "on"},
		{"transform_null_equals", "off"},
		{"check_function_bodies", "on"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"default_transaction_deferrable", "off"},
		{"statement_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"},
		{"lock_timeout", strconv.FormatInt(opts.LockTimeout.Milliseconds(), 10)},
	}
	if major >= 14 {
		settings = append(settings, setting{"idle_session_timeout", "0"})
		if opts.CheckClient != 0 {
			settings = append(settings, setting{"client_connection_check_interval", strconv.FormatInt(opts.CheckClient.Milliseconds(), 10)})
		}
	}
	if major >= 17 {
		settings = append(settings, setting{"transaction_timeout", "0"})
	}
	if opts.Role != "" {
		settings = append(settings, setting{"role", opts.Role})
	}
	return settings
}

// serverMajor returns the server's major version.
func serverMajor(conn *pgx.Conn) int {
	return pgsql.MajorVersion(conn.PgConn().ParameterStatus("server_version"))
}
