package runner_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestSession sets everything otherwise for the database first.
func TestSession(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	for _, set := range []string{
		"timezone = 'Asia/Tokyo'", "search_path = nowhere", "datestyle = 'German'", "intervalstyle = 'iso_8601'", "standard_conforming_strings = off",
		"default_transaction_isolation = 'serializable'", "default_transaction_deferrable = on",
		"statement_timeout = '1h'", "lock_timeout = '1h'", "idle_in_transaction_session_timeout = '1h'", "client_min_messages = error",
		"quote_all_identifiers = on", "check_function_bodies = off", "transform_null_equals = on", "default_transaction_read_only = on",
	} {
		db.Exec("SET default_transaction_read_only = off; ALTER DATABASE " + pgsql.Ident(db.Name) + " SET " + set)
	}
	conn := db.Conn()
	if _, err := runner.Open(ctx, conn, runner.Options{SearchPath: []string{"My Schema", "public"}, LockTimeout: 2 * time.Second, ApplicationName: "it's"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"application_name": "it's", "search_path": `"My Schema", public`, "TimeZone": "UTC", "DateStyle": "ISO, MDY", "IntervalStyle": "postgres",
		"standard_conforming_strings": "on", "default_transaction_isolation": "read committed", "default_transaction_read_only": "off",
		"default_transaction_deferrable": "off", "statement_timeout": "0", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "0",
		"client_min_messages": "notice", "quote_all_identifiers": "off", "check_function_bodies": "on", "transform_null_equals": "off",
	}
	got := make(map[string]string)
	for name := range want {
		var value string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			t.Fatal(err)
		}
		got[name] = value
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSessionDefaults(t *testing.T) {
	ctx := context.Background()
	conn := pgtest.New(t).Conn()
	if _, err := runner.Open(ctx, conn, runner.Options{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	rows, err := conn.Query(ctx, `SELECT name || '=' || setting FROM pg_settings WHERE name IN
		('application_name', 'search_path', 'lock_timeout', 'idle_session_timeout', 'transaction_timeout') ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	want := []string{"application_name=ibutsu-schema", "idle_session_timeout=0", "lock_timeout=0", "search_path=public"}
	if version := pgtest.Server(t).VersionNum(); version >= 170000 {
		want = append(want, "transaction_timeout=0")
	} else if version < 140000 {
		want = append(want[:1], want[2:]...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSessionRole(t *testing.T) {
	ctx := context.Background()
	admin, err := pgtest.Server(t).Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	db := pgtest.New(t)
	conn := db.Conn()
	var me string
	if err := conn.QueryRow(ctx, "SELECT current_user").Scan(&me); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(ctx, `CREATE ROLE "Table Owner"; GRANT "Table Owner" TO `+pgsql.Ident(me)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin, err := pgtest.Server(t).Admin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close(ctx)
		if _, err := admin.Exec(ctx, `DROP ROLE "Table Owner"`); err != nil {
			t.Error(err)
		}
	})
	if _, err := runner.Open(ctx, conn, runner.Options{Role: "Table Owner"}); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(ctx, "SELECT current_user").Scan(&me); err != nil || me != "Table Owner" {
		t.Errorf("%s, %v", me, err)
	}
	_, err = runner.Open(ctx, conn, runner.Options{Role: "nobody at all"})
	if want := `setting up the session: ERROR: role "nobody at all" does not exist (SQLSTATE 22023)`; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
