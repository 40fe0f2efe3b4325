package migrator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// A file that turns lock_timeout off waits no longer than other files, so readers of the table don't wait longer
// either.
func TestFilesCannotSwitchTheLockTimeoutOff(t *testing.T) {
	for name, sql := range map[string]string{
		"SET":        "SET lock_timeout = 0;\n",
		"SET LOCAL":  "SET LOCAL lock_timeout = '1h';\n",
		"RESET ALL":  "RESET ALL;\n",
		"set_config": "SELECT pg_catalog.set_config('lock_timeout', '1h', false);\n",
		"DO":         "DO $$BEGIN PERFORM set_config('lock_timeout', '0', false); END$$;\n",
		"within DO":  "DO $$BEGIN SET lock_timeout = 0; ALTER TABLE orders ADD COLUMN within int; END$$;\n",
		"function":   "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET lock_timeout = 0 AS $$BEGIN ALTER TABLE orders ADD COLUMN within int; END$$;\nSELECT f();\n",
	} {
		for _, mode := range []string{"", "-- atlas:txmode none\n\n-- repeatable it sets\n"} {
			if mode != "" && name == "SET LOCAL" {
				continue // without a transaction it doesn't affect later statements
			}
			t.Run(strings.TrimSpace(name+" "+strings.TrimPrefix(strings.Split(mode, "\n")[0], "-- ")), func(t *testing.T) {
				b := setup(t, dir(t, shop[0], file{"20240102000000_x.sql", mode + sql + "ALTER TABLE orders ADD COLUMN x int;\n", ""}))
				b.mustApply(migrator.Options{N: 1})
				b.cfg.LockTimeout, b.cfg.LockRetry = 300*time.Millisecond, time.Millisecond
				script := b.mustApply(migrator.Options{DryRun: true}).Script
				holder := b.session("BEGIN; SELECT FROM orders")
				if !strings.Contains(sql, "ALTER") { // psql can't limit the waits inside a statement
					if out, err := b.psql(script); err == nil || !strings.Contains(out, "lock timeout") {
						t.Errorf("psql said %s", out)
					}
				}
				_, err := b.apply(migrator.Options{})
				b.end(holder, "ROLLBACK")
				var blocked *migrator.BlockedError
				if !errors.As(err, &blocked) || len(blocked.Blockers) != 1 {
					t.Fatalf("error: %v", err)
				}
				// Without the limit it would wait for an hour or more.
				if blocked.For > 20*time.Second {
					t.Errorf("it waited %s", blocked.For)
				}
				b.mustApply(migrator.Options{})
			})
		}
	}
}

// A file may set a shorter lock_timeout.
func TestFilesMayShortenTheLockTimeout(t *testing.T) {
	for _, mode := range []string{"", "-- atlas:txmode none\n\n"} {
		b := setup(t, dir(t, shop[0], file{"20240102000000_x.sql", mode + "SET lock_timeout = '150ms';\nSELECT 1;\nALTER TABLE orders ADD COLUMN x int;\n", ""}))
		b.mustApply(migrator.Options{N: 1})
		b.cfg.LockTimeout, b.cfg.LockRetry = 20*time.Second, time.Millisecond
		script := b.mustApply(migrator.Options{DryRun: true}).Script
		holder := b.session("BEGIN; SELECT FROM orders")
		start := time.Now()
		if out, err := b.psql(script); err == nil || !strings.Contains(out, "lock timeout") || time.Since(start) > 15*time.Second {
			t.Errorf("%q: psql said %s", mode, out)
		}
		_, err := b.apply(migrator.Options{})
		b.end(holder, "ROLLBACK")
		if blocked := new(migrator.BlockedError); !errors.As(err, &blocked) || blocked.For > 15*time.Second {
			t.Errorf("%q: %v", mode, err)
		}
	}
}

// If another session has locked the record, commands wait for it as for any other table. A command that only reads
// tries once.
func TestRecordIsLocked(t *testing.T) {
	for _, table := range []string{"alembic_version", "atlas_schema_revisions"} {
		t.Run(table, func(t *testing.T) {
			b := setup(t, dir(t, shop...))
			b.mustApply(migrator.Options{N: 2})
			b.cfg.LockTimeout, b.cfg.LockRetry = 300*time.Millisecond, 500*time.Millisecond
			holder := b.session("SET application_name = 'nightly'; BEGIN; LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE")
			before := func(what string, err error) {
				t.Helper()
				var blocked *migrator.BlockedError
				if !errors.As(err, &blocked) || len(blocked.Blockers) != 1 || blocked.Blockers[0].Application != "nightly" {
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err := b.apply(migrator.Options{})
			before("apply", err)
			_, err = b.down(migrator.Options{})
			before("down", err)
			_, err = b.m().Stamp(t.Context(), migrator.StampOptions{To: "head", Yes: true})
			before("stamp", err)
			_, err = b.m().Status(t.Context())
			before("status", err)

			b.cfg.LockRetry = time.Minute
			go func(holder *pgx.Conn) {
				for len(logged[migrator.LogRetry](b.log)) < 3 {
					time.Sleep(10 * time.Millisecond)
				}
				b.end(holder, "ROLLBACK")
			}(holder)
			b.log = &recorder{}
			b.cfg.Log = b.log
			b.mustApply(migrator.Options{})
		})
	}
}
