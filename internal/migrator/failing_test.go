package migrator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

func TestFailingMigration(t *testing.T) {
	d := dir(t, shop...)
	broken := func(t *testing.T, b *bench, sql string) {
		b.cfg.Dir = read(t, write(t, append(shop[:2:2], file{"20240103000000_broken.sql", sql, ""})))
	}
	for _, tt := range []struct{ name, sql, err, journal string }{
		{
			"in its middle", "CREATE TABLE x (id int);\nALTER TABLE orders\n    ADD COLUMN ä text, ADD COLUMN total int;\n",
			`20240103000000_broken.sql:2:1: column "total" of relation "orders" already exists (SQLSTATE 42701); statement 2 of 2: ALTER TABLE orders ADD COLUMN ä text, ADD COLUMN total int; the whole file was rolled back, the database is at 20240102000000 (bbb222)`, "",
		},
		{
			"with a position", "SELECT 'ä',\n  'ö', nope FROM orders;\n",
			`20240103000000_broken.sql:2:8: column "nope" does not exist (SQLSTATE 42703), Perhaps you meant to reference the column "orders.note"; statement 1 of 1: SELECT 'ä', 'ö', nope FROM orders; the whole file was rolled back, the database is at 20240102000000 (bbb222)`, "",
		},
		{
			"at the commit", "ALTER TABLE items ADD FOREIGN KEY (id) REFERENCES orders DEFERRABLE INITIALLY DEFERRED;\nINSERT INTO items VALUES (77);\n",
			`running 20240103000000_broken.sql: committing: ERROR: insert or update on table "items" violates foreign key constraint "items_id_fkey" (SQLSTATE 23503); the whole file was rolled back, the database is at 20240102000000 (bbb222)`, "",
		},
		{
			"without a transaction", "-- atlas:txmode none\n\nCREATE TABLE x (id int);\nCREATE INDEX CONCURRENTLY ix ON orders (nope);\n",
			`20240103000000_broken.sql:4:1: column "nope" does not exist (SQLSTATE 42703); statement 2 of 2: CREATE INDEX CONCURRENTLY ix ON orders (nope); 1 of the file's 2 statements have run and were committed: fix the cause, then ` + "`apply` continues with statement 2",
			",20240103000000 2 1/2",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := setup(t, d)
			b.mustApply(migrator.Options{N: 2})
			broken(t, b, tt.sql)
			before := b.everything()
			res, err := b.apply(migrator.Options{})
			if err == nil || err.Error() != tt.err {
				t.Errorf("apply gave\n%v\nwant\n%s", err, tt.err)
			}
			if tt.journal == "" {
				b.same(before)
			}
			if got, want := b.journal(), "20240101000000 2 2/2,20240102000000 2 1/1"+tt.journal; got != want || b.alembic() != "bbb222" {
				t.Errorf("the journal is %s, want %s", got, want)
			}
			if res.Revision != "bbb222" || len(res.Ran) != 1 || res.Ran[0].Done {
				t.Errorf("the result is %+v", res)
			}
		})
	}

	t.Run("the first, and nothing remains", func(t *testing.T) {
		b := setup(t, read(t, write(t, []file{{"1_broken.sql", "CREATE TABLE x (id int);\nSELECT 1/0;\n", ""}})))
		before := b.everything()
		if _, err := b.apply(migrator.Options{}); err == nil {
			t.Error("nothing failed")
		}
		b.same(before)
	})

	t.Run("corrected in the part that has not run", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 2})
		broken(t, b, "-- atlas:txmode none\n\nCREATE TABLE x (id int);\nINSERT INTO x VALUES ('a');\n")
		if _, err := b.apply(migrator.Options{}); err == nil {
			t.Fatal("nothing failed")
		}
		if got := b.query("SELECT concat_ws('|', error, error_stmt, jsonb_array_length(partial_hashes)) FROM atlas_schema_revisions WHERE applied < total"); got != `ERROR: invalid input syntax for type integer: "a" (SQLSTATE 22P02)|INSERT INTO x VALUES ('a')|1` {
			t.Errorf("the journal says %s", got)
		}
		half := b.everything()
		_, err := b.down(migrator.Options{})
		if want := "migration 20240103000000 is half applied (1 of 2 statements have run) and can't be reverted from there; `apply` finishes it, then `down` can revert it"; err == nil || err.Error() != want {
			t.Errorf("down gave %v, want %s", err, want)
		}
		_, err = b.apply(migrator.Options{To: "bbb222"})
		if want := "migration 20240103000000 is half applied (1 of 2 statements have run) and is later than 20240102000000; `apply` to it or a later version finishes it"; err == nil || err.Error() != want {
			t.Errorf("apply gave %v, want %s", err, want)
		}
		broken(t, b, "-- atlas:txmode none\n\nCREATE TABLE x (id bigint);\nINSERT INTO x VALUES (1);\n")
		_, err = b.apply(migrator.Options{})
		if want := "migration 20240103000000 (broken) is half applied (1 of 2 statements), and statement 1 of 20240103000000_broken.sql has changed since it ran; restore the part that has run: only the rest may change"; err == nil || err.Error() != want {
			t.Errorf("apply gave\n%v\nwant\n%s", err, want)
		}
		b.same(half)
		broken(t, b, "-- atlas:txmode none\n\nCREATE TABLE x (id int);\nINSERT INTO x VALUES (1), (2);\nALTER TABLE x ADD PRIMARY KEY (id);\n")
		res := b.mustApply(migrator.Options{})
		if res.Ran[0].Skipped != 1 || len(res.Ran[0].Applied) != 2 {
			t.Errorf("apply gave %+v", res.Ran[0])
		}
		if got := b.alembic() + " " + b.journal(); got != "20240103000000 20240101000000 2 2/2,20240102000000 2 1/1,20240103000000 2 3/3" {
			t.Errorf("the record is %s", got)
		}
		if got := b.query("SELECT (error IS NULL AND error_stmt IS NULL AND partial_hashes IS NULL AND hash = " + pgsql.Literal(b.cfg.Dir.Files()[2].Hash) + ")::text FROM atlas_schema_revisions WHERE version LIKE '20240103%'"); got != "true" {
			t.Error("the journal's row is not as that of a file that ran through")
		}
	})
}

// A failed statement is reported and recorded without its passwords.
func TestFailingMigrationMasksPasswords(t *testing.T) {
	const sql = "-- atlas:txmode none\n\nCREATE TABLE x (id int);\nALTER ROLE no_such_role PASSWORD 'it''s ' 's3cr3tCanary' VALID UNTIL 'infinity';\n"
	b := setup(t, read(t, write(t, []file{{"1_role.sql", sql, ""}})))
	res, err := b.apply(migrator.Options{})
	want := `1_role.sql:4:43: syntax error at or near "'xxxxx'" (SQLSTATE 42601); statement 2 of 2: ALTER ROLE no_such_role PASSWORD 'xxxxx' 'xxxxx' VALID UNTIL 'infinity'; 1 of the file's 2 statements have run and were committed: fix the cause, then ` + "`apply` continues with statement 2"
	if err == nil || err.Error() != want {
		t.Errorf("apply gave\n%v\nwant\n%s", err, want)
	}
	if got := b.query("SELECT concat_ws('|', error, error_stmt) FROM atlas_schema_revisions"); got != `ERROR: syntax error at or near "'xxxxx'" (SQLSTATE 42601)|ALTER ROLE no_such_role PASSWORD 'xxxxx' 'xxxxx' VALID UNTIL 'infinity'` {
		t.Errorf("the journal says %s", got)
	}
	if st := b.status(); strings.Contains(st.Error+st.ErrorStmt, "s3cr3t") || len(res.Ran) != 1 {
		t.Errorf("the status says %s, %s", st.Error, st.ErrorStmt)
	}
}

func TestRefusals(t *testing.T) {
	d := dir(t, shop...)
	b := setup(t, d)
	b.mustApply(migrator.Options{N: 2})
	before := b.everything()
	for _, tt := range []struct {
		name string
		opts migrator.Options
		err  string
	}{
		{"both", migrator.Options{To: "head", N: 1}, "-to and -n can't be used together"},
		{"negative", migrator.Options{N: -1}, "-n=-1: it must be 1 or more"},
		{"back", migrator.Options{To: "aaa"}, "the database is at 20240102000000 (bbb222), which is later than 20240101000000; `down -to=20240101000000` reverts to that"},
	} {
		if _, err := b.apply(tt.opts); err == nil || err.Error() != tt.err {
			t.Errorf("%s: apply gave %v, want %s", tt.name, err, tt.err)
		}
	}
	if _, err := b.down(migrator.Options{To: "head"}); err == nil || err.Error() != "the database is at 20240102000000 (bbb222), which is earlier than 20240104000000; `apply -to=20240104000000` goes there" {
		t.Errorf("down gave %v", err)
	}
	if res, err := b.down(migrator.Options{To: "bbb222"}); err != nil || len(res.Planned) != 0 {
		t.Errorf("down to where it is gave %+v, %v", res, err)
	}
	b.same(before)

	root := write(t, shop)
	name := filepath.Join(root, shop[1].name)
	if err := os.WriteFile(name, []byte(shop[1].sql+"-- edited\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.cfg.Dir = read(t, root)
	var sum *migration.SumError
	if _, err := b.apply(migrator.Options{}); !errors.As(err, &sum) {
		t.Errorf("apply gave %v, want a SumError", err)
	}
	if st := b.status(); st.Sum == nil || st.Clean() {
		t.Errorf("the status is %+v", st)
	}
	b.same(before)
}

func TestConnectErrors(t *testing.T) {
	b := setup(t, dir(t, shop...))
	for _, tt := range []struct {
		name   string
		change func()
		err    string
	}{
		{"database", func() { b.cfg.ConnConfig.Database = "nope" }, `refused the connection to database "nope" as user`},
		{"user", func() { b.cfg.ConnConfig.User = "nobody at all" }, `as user "nobody at all": role "nobody at all" does not exist (SQLSTATE 28000); check the user and password, and the server's pg_hba.conf`},
		{"port", func() { b.cfg.ConnConfig.Host, b.cfg.ConnConfig.Port = "127.0.0.1", 1 }, "cannot reach PostgreSQL at 127.0.0.1:1: connect: connection refused; check the host and port, and that the server is running"},
		{"host", func() { b.cfg.ConnConfig.Host = "no.such.host.invalid" }, `cannot reach PostgreSQL: unknown host name "no.such.host.invalid"; check the URL`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.cfg.ConnConfig = b.db.ConnConfig()
			b.cfg.ConnConfig.Password = "secret-canary"
			tt.change()
			_, err := b.apply(migrator.Options{})
			var connect *migrator.ConnectError
			if !errors.As(err, &connect) || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("apply gave\n%v\nwant\n%s", err, tt.err)
			}
			if strings.Contains(err.Error(), "secret-canary") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.m().Apply(ctx, migrator.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("apply gave %v", err)
	}
}
