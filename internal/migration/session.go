package migration

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// SessionOptions are the settings of a migration session that may differ.
type SessionOptions struct {
	ApplicationName string        // default "ibutsu-schema"
	SearchPath      []string      // schema names, default public
	Role            string        // default: the role that logged in
	LockTimeout     time.Duration // in whole milliseconds; default 0: none
}

// Session sets conn up as migrations run, on a live database, in a replay and under the linter: what the server, the database, the
// role or the environment set otherwise, so that a file means the same everywhere. It is done by SET, in one round trip, because
// connection poolers refuse unknown startup parameters.
func Session(ctx context.Context, conn *pgx.Conn, opts SessionOptions) error {
	if opts.ApplicationName == "" {
		opts.ApplicationName = "ibutsu-schema"
	}
	if len(opts.SearchPath) == 0 {
		opts.SearchPath = []string{"public"}
	}
	var path []string
	for _, schema := range opts.SearchPath {
		path = append(path, pgsql.Ident(schema))
	}
	settings := [][2]string{
		{"quote_all_identifiers", "off"}, // first: SET search_path spells the names by it
		{"application_name", pgsql.Literal(opts.ApplicationName)},
		{"client_encoding", "'UTF8'"},
		{"client_min_messages", "notice"},
		{"search_path", strings.Join(path, ", ")},
		{"timezone", "'UTC'"},
		{"datestyle", "'ISO, MDY'"},
		{"intervalstyle", "'postgres'"},
		{"standard_conforming_strings", "on"},
		{"transform_null_equals", "off"},
		{"check_function_bodies", "on"},
		{"default_transaction_isolation", "'read committed'"},
		{"default_transaction_read_only", "off"},
		{"default_transaction_deferrable", "off"},
		{"statement_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"},
		{"lock_timeout", strconv.FormatInt(opts.LockTimeout.Milliseconds(), 10)},
	}
	major := serverMajor(conn)
	if major >= 14 {
		settings = append(settings, [2]string{"idle_session_timeout", "0"})
	}
	if major >= 17 {
		settings = append(settings, [2]string{"transaction_timeout", "0"})
	}
	var sql strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&sql, "SET SESSION %s = %s;\n", s[0], s[1])
	}
	if opts.Role != "" {
		fmt.Fprintf(&sql, "SET SESSION ROLE %s;\n", pgsql.Ident(opts.Role))
	}
	if _, err := conn.PgConn().Exec(ctx, sql.String()).ReadAll(); err != nil {
		return fmt.Errorf("setting up the session: %w", err)
	}
	return nil
}

// serverMajor is the server's major version as it reports it when a client connects: "15.18 (Debian ...)", "18beta1".
func serverMajor(conn *pgx.Conn) int {
	version := conn.PgConn().ParameterStatus("server_version")
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	major, err := strconv.Atoi(version[:end])
	if err != nil {
		return 0
	}
	return major
}
