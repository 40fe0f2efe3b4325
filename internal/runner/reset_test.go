package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// superuser returns a connection to the database of a role that may do everything.
func superuser(t *testing.T, db *pgtest.DB) *pgx.Conn {
	t.Helper()
	ctx := context.Background()
	admin, err := pgtest.Server(t).Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	cfg := db.ConnConfig()
	cfg.User, cfg.Password = admin.Config().User, admin.Config().Password
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	return conn
}

// script runs the statements of sql, each by itself, and resets.
func script(t *testing.T, s *runner.Session, sql string) bool {
	t.Helper()
	ctx := context.Background()
	if err := runScript(ctx, s, split(t, sql), true); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	ok, err := s.Reset(ctx)
	if err != nil {
		t.Fatalf("after %s: %v", sql, err)
	}
	return ok
}

func value(t *testing.T, s *runner.Session, sql string) (v string) {
	t.Helper()
	if err := s.Conn.QueryRow(context.Background(), "SELECT ("+sql+")::text").Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// TestResetCannot runs scripts after which only a new connection is a clean session. Each runs in its own session,
// after the script before.
func TestResetCannot(t *testing.T) {
	const loader = "CREATE FUNCTION loader() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'LOAD ''auto_explain'''; END $$"
	for _, tt := range []struct {
		before, sql string
		can         bool
	}{
		{"", "SELECT 1", true},
		{"", "SET search_path = pg_catalog; SELECT set_config('work_mem', '8MB', false)", true},
		{"", "CREATE TABLE load (a int); INSERT INTO load VALUES (1); SELECT * FROM load l", true},
		{"", "LOAD 'auto_explain'", false},
		{"", "load /* it */ 'auto_explain'", false},
		{"", "DO $$ BEGIN EXECUTE 'LOAD ''auto_explain'''; END $$", false},
		{"", "DO 'BEGIN EXECUTE format(''LOAD %L'', ''auto_explain''); END'", false},
		{"", loader, false}, // a new connection isn't necessary yet, but does no harm
		{loader, "SELECT loader()", false},
		{loader, "SELECT 1", false}, // a trigger might call loader
		{"", "SET app.x = 1", false},
		{"", "SET SESSION app.x TO DEFAULT; SET LOCAL app.y = 1", false},
		{"", `SET "App"."X" = 1`, false},
		{"", "SET a.b.c = 1", false},
		{"", "SELECT set_config('app.x', '1', true)", false},
		{"", "SELECT SET_CONFIG ( E'app.x', '1', true)", false},
		{"", "SELECT set_config($x$app.x$x$, '1', true)", false},
		{"", `DO 'BEGIN PERFORM set_config(''app.x'', ''1'', true); END'`, false},
		{"", "SELECT set_config('app.' || 'x', '1', true)", false},
		{"", `SELECT set_config(U&'app\002Ex', '1', true)`, false},
		{"", "SELECT set_config(n, '1', true) FROM (VALUES ('app.x')) v (n)", false},
		{"", "DO $$ BEGIN EXECUTE format('SET LOCAL %s = 1', 'app' || '.x'); EXECUTE 'SET ' || 'app' || '.y = 1'; END $$", false},
		{"", "DO $$ BEGIN PERFORM set_config('work_mem', '8MB', true); EXECUTE format('UPDATE %s SET %I = 1 WHERE false', '(SELECT 1 AS a) t', 'a'); EXCEPTION WHEN syntax_error THEN NULL; END $$", true},
		{"", "DO $$ BEGIN SET app.x = 1; END $$", false},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.x', '1', true) $$", "SELECT f()", false},
		{"CREATE FUNCTION f() RETURNS int LANGUAGE sql SET app.x = 'y' AS $$ SELECT 1 $$", "SELECT f()", false},
		{"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.x', '1', true) $$", "SELECT 1", true},
		{"CREATE TABLE t (a int, b int)", "UPDATE t SET a = 1; UPDATE t SET b = t.a", true},
		{"", "ALTER DATABASE current SET work_mem = '8MB'", false},
		{"", "DO $$ BEGIN EXECUTE 'ALTER DATABASE current SET work_mem = ''8MB'''; END $$", false},
		{"ALTER DATABASE current SET work_mem = '8MB'", "SELECT 1", true},
		{"ALTER DATABASE current SET work_mem = '8MB'", "ALTER DATABASE current RESET work_mem", false},
		{"ALTER DATABASE current SET app.x = 'y'", "SELECT 1", true},
		{"ALTER DATABASE current SET app.x = 'y'", "SET app.x = 'z'", true},
		{"", "ALTER ROLE CURRENT_USER IN DATABASE current SET work_mem = '8MB'", false},
		{"", "ALTER ROLE other IN DATABASE current SET work_mem = '8MB'", false}, // others' are not told apart
	} {
		t.Run(tt.sql, func(t *testing.T) {
			db := pgtest.New(t)
			names := strings.NewReplacer("DATABASE current", "DATABASE "+pgsql.Ident(db.Name), "ROLE other", "ROLE "+pgsql.Ident(db.ConnConfig().User))
			for _, sql := range []string{tt.before, tt.sql} {
				s, err := runner.Open(context.Background(), superuser(t, db), runner.Options{})
				if err != nil {
					t.Fatal(err)
				}
				can := script(t, s, names.Replace(sql))
				if sql == tt.sql && can != tt.can {
					t.Errorf("that the session can be reset is %t", can)
				}
				if _, err := s.Conn.Exec(context.Background(), "SELECT $1::int", 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A session can be reset any number of times, until a script leaves a trace. From then on it can't.
func TestResetOften(t *testing.T) {
	s, err := runner.Open(context.Background(), superuser(t, pgtest.New(t)), runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, can := range []bool{true, true, false, false} {
		sql := "SELECT 1"
		if i == 2 {
			sql = "SET app.x = 1"
		}
		if got := script(t, s, sql); got != can {
			t.Errorf("script %d: %t", i, got)
		}
	}
}

func TestResetGivesTheSettings(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	db.Exec("CREATE SCHEMA hostile; CREATE TABLE hostile.pg_locks (); CREATE FUNCTION hostile.neq(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$; CREATE OPERATOR hostile.= (FUNCTION = hostile.neq, LEFTARG = text, RIGHTARG = text)")
	db.Exec("ALTER DATABASE " + pgsql.Ident(db.Name) + " SET search_path = hostile, pg_catalog")
	s, err := runner.Open(ctx, db.Conn(), runner.Options{Messages: "warning", Keep: 5})
	if err != nil {
		t.Fatal(err)
	}
	const all = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings WHERE source <> 'default' AND name <> 'transaction_read_only'"
	before := value(t, s, all)
	if !strings.Contains(before, "client_min_messages=warning") || !strings.Contains(before, "search_path=public") {
		t.Fatal(before)
	}
	if _, err := s.Conn.Exec(ctx, "SELECT pg_advisory_lock(5), pg_advisory_lock(5)"); err != nil {
		t.Fatal(err)
	}
	// Afterwards pgx prepares its statements again.
	for range 2 {
		if !script(t, s, `SET search_path = hostile; DO $$ BEGIN SET client_encoding = 'LATIN1'; SET standard_conforming_strings = off; SET datestyle = 'German'; SET work_mem = '8MB'; END $$;
			SELECT pg_advisory_lock(5), pg_advisory_lock_shared(5), pg_advisory_lock(0, 5), pg_advisory_lock(1), pg_advisory_lock(-1), pg_advisory_lock_shared(-1, -2);
			SELECT pg_advisory_lock(i % 3) FROM generate_series(1, 20) i; SET statement_timeout = 1`) {
			t.Fatal("it can't")
		}
		if after := value(t, s, all); after != before {
			t.Errorf("settings\n%s\nwant\n%s", after, before)
		}
		if got := value(t, s, "SELECT string_agg(concat_ws(' ', classid, objid, objsubid, mode), ', ') FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"); got != "0 5 1 ExclusiveLock" {
			t.Errorf("advisory locks %s", got)
		}
	}
}

// A session that keeps no lock also frees the lock with key 0.
func TestResetKeepsNoLock(t *testing.T) {
	s, err := runner.Open(t.Context(), superuser(t, pgtest.New(t)), runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first reset reads more than the others
		if !script(t, s, "SELECT pg_advisory_lock(0), pg_advisory_lock(0)") {
			t.Fatal("the session can't be reset")
		}
		if n := value(t, s, "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"); n != "0" {
			t.Errorf("%s advisory locks are left", n)
		}
	}
}

// The role is the one that the session began with.
func TestResetRole(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	conn := superuser(t, db)
	role := db.Name + "_Owner"
	if _, err := conn.Exec(ctx, fmt.Sprintf("CREATE ROLE %s; GRANT %[1]s TO %s", pgsql.Ident(role), pgsql.Ident(db.ConnConfig().User))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := conn.Exec(ctx, "RESET SESSION AUTHORIZATION; DROP ROLE "+pgsql.Ident(role), pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Error(err)
		}
	})
	for _, opts := range []runner.Options{{}, {Role: role}} {
		s, err := runner.Open(ctx, conn, opts)
		if err != nil {
			t.Fatal(err)
		}
		want := value(t, s, "SELECT concat(session_user, ' ', current_user)")
		for _, sql := range []string{"SET ROLE pg_monitor", "SET SESSION AUTHORIZATION " + pgsql.Ident(db.ConnConfig().User), "DO 'BEGIN SET ROLE pg_monitor; END'", "RESET ROLE"} {
			if !script(t, s, sql) {
				t.Errorf("%s: it can't", sql)
			}
			if got := value(t, s, "SELECT concat(session_user, ' ', current_user)"); got != want {
				t.Errorf("after %s: %s, want %s", sql, got, want)
			}
		}
		if err := s.Exec(ctx, "RESET ROLE"); err != nil {
			t.Fatal(err)
		}
	}
}
