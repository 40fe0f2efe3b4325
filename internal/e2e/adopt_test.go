package e2e

import (
	"bytes"
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// An adoption that is killed while it writes leaves nothing, and the next one adopts.
func TestAdoptKilled(t *testing.T) {
	db := pgtest.New(t)
	db.File(dump("schema_08_c4d5e6f7a8b9.sql"))
	db.Exec(`INSERT INTO alembic_version VALUES ('c4d5e6f7a8b9')`)
	conn := connect(t, db.URL)
	ctx := context.Background()
	if _, err := conn.Exec(ctx, "BEGIN; LOCK TABLE alembic_version IN ROW EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	cmd := in(root(), db.URL, "adopt", "-yes")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const waits = `SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'alembic_version'::regclass AND NOT granted)`
	within(t, 20*time.Second, "adopt writes the record", func() bool { return query[bool](t, db, waits) })
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, "the server ends the session", func() bool { return query[int](t, db, locks) == 0 })
	if query[bool](t, db, `SELECT to_regclass('atlas_schema_revisions') IS NOT NULL`) {
		t.Errorf("there is a journal\n%s", out.String())
	}
	if text := mustMage(t, db.URL, "adopt", "-yes"); !strings.HasPrefix(text, "Adopted at 20260827000000_") {
		t.Errorf("it prints\n%s", text)
	}
	alembic, journal := record(t, db.URL)
	if len(alembic) != 1 || alembic[0] != "c4d5e6f7a8b9" || len(journal) != len(revisions) {
		t.Errorf("alembic_version is %v, the journal %v", alembic, journal)
	}
}
