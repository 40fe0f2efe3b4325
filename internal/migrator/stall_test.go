package migrator_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/wire"
)

// proxied makes the bench connect through a proxy.
func (b *bench) proxied(decide func(wire.Message) wire.Action) *wire.Proxy {
	b.Helper()
	p := wire.Start(b, b.db.ConnConfig(), decide)
	cfg, err := pgx.ParseConfig(p.URL)
	if err != nil {
		b.Fatal(err)
	}
	b.cfg.ConnConfig = cfg
	return p
}

// TestStalledConnection stalls an open connection at requests that the server can answer at once.
func TestStalledConnection(t *testing.T) {
	const due = time.Second
	var began atomic.Bool // the migration's transaction
	for _, tt := range []struct {
		name   string
		at     func(wire.Message) bool
		wait   time.Duration
		within time.Duration
		want   string // in the error
		locked bool
		status bool // status stalls in the same way
	}{
		{"connecting", func(m wire.Message) bool { return m.Type == "StartupMessage" }, 0, 2 * due, "it accepted the connection, but did not answer within 1s; ", false, true},
		{"authenticated", func(m wire.Message) bool { return m.Type == "AuthenticationOk" }, 0, 2 * due, "it accepted the connection, but did not answer within 1s; ", false, true},
		{"set-up", sends("set_config("), 0, 2 * due, "setting up the session: timeout: PostgreSQL at 127.0.0.1:", false, true},
		{"lock", sends("pg_try_advisory_lock"), 0, 2 * due, "locking the database: timeout: PostgreSQL at 127.0.0.1:", false, false},
		{"lock, not waiting", sends("pg_try_advisory_lock"), -1, 2 * due, "locking the database: timeout: PostgreSQL at 127.0.0.1:", false, false},
		{"lock, waiting", sends("pg_try_advisory_lock"), 700 * time.Millisecond, 2 * due, "could not lock this database within 1s: locking the database: timeout: PostgreSQL at ", true, false},
		{"record", sends("SELECT true, COALESCE(version_num"), 0, 7 * due, "reading the record of migrations: timeout: PostgreSQL at 127.0.0.1:", false, true},
		{"disk", sends("reltuples"), 0, 4 * due, "timeout: PostgreSQL at 127.0.0.1:", false, false},
		{"begin", sends("LOCK TABLE"), 0, 7 * due, "beginning a transaction: timeout: PostgreSQL at 127.0.0.1:", false, false},
		{"statement", sends("ALTER TABLE orders ADD COLUMN total int"), 0, 4 * due, "20240102000000_total.sql:3:1: timeout: PostgreSQL at 127.0.0.1:", false, false},
		{"commit", sends("SET CONSTRAINTS"), 0, 4 * due, "so its outcome is unknown (timeout: PostgreSQL at 127.0.0.1:", false, false},
		{"commit's answer", func(m wire.Message) bool {
			if m.FromServer && m.SQL == "LOCK TABLE" { // of the record
				began.Store(true)
			}
			return m.SQL == "COMMIT" && began.Load()
		}, 0, 4 * due, "so its outcome is unknown (timeout: PostgreSQL at 127.0.0.1:", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, dir(t, shop...))
			b.mustApply(migrator.Options{N: 1})
			direct := b.cfg
			p := b.proxied(func(m wire.Message) wire.Action {
				if tt.at(m) {
					return wire.Stall
				}
				return wire.Pass
			})
			b.cfg.ConnConfig.ConnectTimeout = due
			b.cfg.Wait = tt.wait
			run := map[string]func() error{"apply": func() error { _, err := b.apply(migrator.Options{}); return err }}
			if tt.status {
				run["status"] = func() error { _, err := b.m().Status(context.Background()); return err }
			}
			for name, run := range run {
				start := time.Now()
				err := run()
				took := time.Since(start)
				t.Logf("%s: after %s: %v", name, took.Round(time.Millisecond), err)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s gave %v, want %q", name, err, tt.want)
				}
				if took > tt.within {
					t.Errorf("%s took %s", name, took)
				}
				if errors.As(err, new(*migrator.LockedError)) != tt.locked {
					t.Errorf("%s gave a %T", name, err)
				}
			}
			p.HangUp()
			b.cfg = direct
			b.mustApply(migrator.Options{})
		})
	}
}

// TestStalledServer stalls all connections while the position of the database is read.
func TestStalledServer(t *testing.T) {
	for name, tt := range map[string]struct {
		n      int // migrations that are applied before
		change string
		at     string
		want   string
	}{
		"empty":   {0, "", "pg_catalog.to_regnamespace('public') IS NOT NULL", "checking whether the database is empty: timeout: PostgreSQL at 127.0.0.1:"},
		"indexes": {1, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_pkey'::regclass", "pg_stat_progress_create_index", "reading the INVALID indexes: timeout: PostgreSQL at 127.0.0.1:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, dir(t, shop...))
			if tt.n > 0 {
				b.mustApply(migrator.Options{N: tt.n})
			}
			if tt.change != "" {
				if _, err := b.admin().Exec(t.Context(), tt.change); err != nil {
					t.Fatal(err)
				}
			}
			var stalled atomic.Bool
			p := b.proxied(func(m wire.Message) wire.Action {
				if stalled.Load() || sends(tt.at)(m) {
					stalled.Store(true)
					return wire.Stall
				}
				return wire.Pass
			})
			b.cfg.ConnConfig.ConnectTimeout = time.Second
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			_, err := b.m().Apply(ctx, migrator.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error: %v", err)
			}
			p.HangUp()
		})
	}
}

// sends matches a client's message with a text of SQL that contains sql.
func sends(sql string) func(wire.Message) bool {
	return func(m wire.Message) bool { return !m.FromServer && strings.Contains(m.SQL, sql) }
}

// TestSlowStatement runs a statement that takes much longer than connect_timeout.
func TestSlowStatement(t *testing.T) {
	b := setup(t, read(t, write(t, []file{
		{"1_sleep.sql", "SELECT pg_sleep(2.5);\n", ""},
		{"2_alone.sql", "-- atlas:txmode none\n\nDO 'BEGIN PERFORM pg_sleep(2.5); END';\n", ""},
		{"3_deferred.sql", `CREATE TABLE t (id int);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2.5); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow();
INSERT INTO t VALUES (1);
`, ""},
	})))
	b.proxied(func(wire.Message) wire.Action { return wire.Pass })
	b.cfg.ConnConfig.ConnectTimeout = time.Second
	b.cfg.LockTimeout = 100 * time.Millisecond
	b.mustApply(migrator.Options{})
}
