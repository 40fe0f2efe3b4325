package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// decisive are the settings that decide what a script's statements do. The others are about the connection.
var decisive = []string{
	"quote_all_identifiers", "search_path", "timezone", "datestyle", "intervalstyle", "standard_conforming_strings",
	"transform_null_equals", "check_function_bodies", "statement_timeout", "role",
}

// enterSQL keeps the session's settings, in a setting of their own. leaveSQL restores them.
const (
	enterSQL = `DO $session$
BEGIN
    PERFORM pg_catalog.set_config('ibutsu_schema.session', pg_catalog.json_object_agg(name, setting)::pg_catalog.text, false)
    FROM (
        SELECT name, setting FROM pg_catalog.pg_settings WHERE source OPERATOR(pg_catalog.=) 'session'
        UNION ALL SELECT 'login', session_user
        UNION ALL SELECT 'role', pg_catalog.current_setting('role')
    ) AS held;
    -- settings
END
$session$`
	leaveSQL = `DO $session$
DECLARE
    held pg_catalog.json;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog', false);
    held := current_setting('ibutsu_schema.session');
    IF session_user <> held ->> 'login' THEN
        PERFORM set_config('session_authorization', held ->> 'login', false);
    END IF;
    RESET ROLE;
    PERFORM set_config(name, coalesce(held ->> name, reset_val), false)
    FROM pg_settings
    WHERE (source = 'session' OR held ->> name IS NOT NULL) AND name NOT LIKE 'transaction\_%';
    PERFORM set_config('role', held ->> 'role', false);
END
$session$`
)

// Guest returns statements to run before and after a script in a session that another tool has set up and goes on
// using. The script then finds the settings that [Open] makes, with the options' search path, role and, if it is set,
// lock timeout; and the other tool finds its own again, whatever the script has set. The first of each is the same for
// all scripts. They run in a transaction and outside of one. Settings with a dot in their name, and advisory locks,
// stay as the script leaves them.
func Guest(stmts []pgsql.Stmt, opts Options) (enter, leave []string) {
	var set strings.Builder
	for _, v := range opts.settings(0) {
		if slices.Contains(decisive, v.name) {
			fmt.Fprintf(&set, "    PERFORM pg_catalog.set_config('%s', %s, false);\n", v.name, pgsql.Literal(v.value))
		}
	}
	enter = []string{strings.Replace(enterSQL, "    -- settings\n", set.String(), 1)}
	if opts.LockTimeout > 0 {
		enter = append(enter, fmt.Sprintf("SET lock_timeout = %d", opts.LockTimeout.Milliseconds()))
	}
	leave = []string{leaveSQL}
	for _, r := range []struct{ word, sql string }{
		{"declare", "CLOSE ALL"},
		{"listen", "UNLISTEN *"},
		{"prepare", "DEALLOCATE ALL"},
		{"temp", "DISCARD TEMP"},
	} {
		if slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool { return leaves(s, r.word) }) {
			leave = append(leave, r.sql)
		}
	}
	return enter, leave
}

// leaves reports whether a statement may leave what the word stands for in its session.
func leaves(s pgsql.Stmt, word string) bool {
	if word == "temp" {
		return strings.Contains(strings.ToLower(s.Text), word) // in a block, too
	}
	return strings.EqualFold(s.Parse().Verb, word)
}
