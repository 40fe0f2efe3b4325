package runner_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// A script in another tool's session finds the runner's settings, and that session finds its own afterwards, whatever
// either has set, with and without a transaction.
func TestGuest(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	role := db.Name + "_Owner's"
	admin := superuser(t, db)
	for _, sql := range []string{
		"CREATE ROLE " + pgsql.Ident(role), "GRANT CREATE, USAGE ON SCHEMA public TO " + pgsql.Ident(role),
		"GRANT pg_monitor TO " + pgsql.Ident(db.ConnConfig().User), `CREATE SCHEMA evil`, `GRANT USAGE ON SCHEMA evil TO public`,
		`CREATE VIEW evil.pg_settings AS SELECT 'x' AS name, 1 / 0 AS setting`, `GRANT SELECT ON evil.pg_settings TO public`,
		`CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT ''evil'''`,
		`CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT ''evil'''`,
	} {
		if _, err := admin.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	t.Cleanup(func() {
		for _, sql := range []string{"RESET SESSION AUTHORIZATION", "RESET ROLE", "DROP OWNED BY " + pgsql.Ident(role), "DROP ROLE " + pgsql.Ident(role),
			"REVOKE pg_monitor FROM " + pgsql.Ident(db.ConnConfig().User)} {
			if _, err := admin.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Error(err)
			}
		}
	})
	settings := func(conn *pgx.Conn) map[string]string {
		t.Helper()
		rows, err := conn.Query(ctx, `SELECT name, setting FROM pg_catalog.pg_settings WHERE name NOT LIKE 'transaction%'
			UNION ALL SELECT 'role', pg_catalog.current_setting('role') UNION ALL SELECT 'login', session_user`, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		all := map[string]string{}
		for rows.Next() {
			var name string
			var value *string
			if err := rows.Scan(&name, &value); err != nil {
				t.Fatal(err)
			}
			if all[name] = "NULL"; value != nil {
				all[name] = *value
			}
		}
		return all
	}
	own := pgsql.Ident(db.ConnConfig().User)
	for _, theirs := range [][]string{
		nil,
		{"SET search_path = evil, pg_catalog, public", "SET timezone = 'Europe/Paris'", "SET lock_timeout = '3s'", "SET statement_timeout = '2min'"},
		{"SET ROLE " + pgsql.Ident(role), "SET datestyle = 'SQL, DMY'", "SET work_mem = '7MB'"},
		{"SET SESSION AUTHORIZATION " + own, "SET application_name = 'it''s'"},
	} {
		for _, script := range []string{
			"SELECT 1",
			"SET search_path = evil; SET work_mem = '9MB'; SET client_min_messages = error; SET ROLE pg_monitor",
			"SET SESSION AUTHORIZATION " + own + "; SET search_path = evil, pg_catalog; RESET timezone; RESET ROLE",
			"DO $$ BEGIN SET search_path = evil, pg_catalog; PERFORM pg_catalog.set_config('datestyle', 'German', false); SET LOCAL enable_seqscan = off; END $$",
			"CREATE TEMP TABLE kept (a int); PREPARE p AS SELECT 1; LISTEN l; DECLARE c CURSOR WITH HOLD FOR SELECT 1",
		} {
			for _, transaction := range []bool{true, false} {
				conn := superuser(t, db)
				do := func(sql string) {
					t.Helper()
					if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
						t.Fatalf("%v, %s: %s: %v", theirs, script, sql, err)
					}
				}
				do("DO $$ BEGIN END $$") // loads the language, which has settings
				for _, sql := range theirs {
					do(sql)
				}
				before := settings(conn)
				stmts := split(t, script)
				opts := runner.Options{LockTimeout: 1500e6}
				if theirs == nil {
					opts.Role = role
				}
				enter, leave := runner.Guest(stmts, opts)
				if transaction {
					do("BEGIN")
				}
				for _, sql := range enter {
					do(sql)
				}
				inside := settings(conn)
				for name, want := range map[string]string{"search_path": "public", "TimeZone": "UTC", "DateStyle": "ISO, MDY", "statement_timeout": "0", "lock_timeout": "1500", "work_mem": before["work_mem"]} {
					if got := inside[name]; got != want {
						t.Errorf("%v: %s is %s in the script, want %s", theirs, name, got, want)
					}
				}
				if opts.Role != "" && inside["role"] != role {
					t.Errorf("the role is %s in the script", inside["role"])
				}
				for _, s := range stmts {
					do(s.Text)
				}
				for _, sql := range leave {
					do(sql)
				}
				if diff := cmp.Diff(before, settings(conn)); diff != "" {
					t.Errorf("%v, %s: (-before +after):\n%s", theirs, script, diff)
				}
				if transaction {
					do("COMMIT")
				}
				if diff := cmp.Diff(before, settings(conn)); diff != "" {
					t.Errorf("%v, %s: after the commit (-before +after):\n%s", theirs, script, diff)
				}
				var left string
				if err := conn.QueryRow(ctx, `SELECT pg_catalog.concat((SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relpersistence = 't'), (SELECT pg_catalog.count(*) FROM pg_catalog.pg_listening_channels()),
					(SELECT pg_catalog.count(*) FROM pg_catalog.pg_cursors WHERE name = 'c'), (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements WHERE name = 'p'))`, pgx.QueryExecModeSimpleProtocol).Scan(&left); err != nil {
					t.Fatal(err)
				}
				if left != "0000" {
					t.Errorf("%s: %s temporary tables, channels, cursors, prepared statements are left", script, left)
				}
				conn.Close(ctx)
			}
		}
	}
}
