package migrator_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// stored returns files that each need a new connection, because the file before stores a setting in the database.
func stored(n int) (files []file) {
	for i := range n {
		files = append(files, file{fmt.Sprintf("%d_s.sql", i+1), fmt.Sprintf(`CREATE TABLE s%d AS SELECT current_setting('work_mem') AS work_mem, pg_backend_pid() AS pid;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET work_mem = ''%dMB''', current_database()); END $$;
`, i, i+10), ""})
	}
	return files
}

func (b *bench) checkStored(n int) {
	b.Helper()
	for i := 1; i < n; i++ {
		if got, want := b.query(fmt.Sprintf("SELECT work_mem FROM s%d", i)), fmt.Sprintf("%dMB", i+9); got != want {
			b.Errorf("file %d saw %s, want %s", i+1, got, want)
		}
	}
}

// The lock is handed to the new connection: no other session that waits for it gets it in between.
func TestNewConnectionKeepsTheLock(t *testing.T) {
	const files, sessions = 8, 4
	b := setup(t, read(t, write(t, stored(files))))
	var wg sync.WaitGroup
	applied := make([]int, sessions)
	for i := range sessions {
		wg.Go(func() {
			res, err := b.apply(migrator.Options{})
			if err != nil {
				t.Error(err)
			}
			applied[i] = len(res.Ran)
		})
	}
	wg.Wait()
	for _, n := range applied {
		if n != 0 && n != files {
			t.Errorf("the sessions ran %d files", applied)
			break
		}
	}
	b.checkStored(files)
	var pids []string
	for i := range files {
		pids = append(pids, fmt.Sprintf("SELECT pid FROM s%d", i))
	}
	if got := b.query("SELECT count(*)::text FROM (" + strings.Join(pids, " UNION ") + ") p"); got != fmt.Sprint(files) {
		t.Errorf("%s connections ran %d files", got, files)
	}
}

// If no second connection is available, the first one ends before the new one begins.
func TestNewConnectionInPlaceOfTheOnlyOne(t *testing.T) {
	const files = 3
	b := setup(t, read(t, write(t, stored(files))))
	b.cfg.Role = b.cfg.ConnConfig.User
	var err error
	if b.cfg.ConnConfig, err = pgx.ParseConfig(b.db.Login("secret", "CONNECTION LIMIT 1")); err != nil {
		t.Fatal(err)
	}
	b.mustApply(migrator.Options{})
	if got := b.journal(); got != "1 2 2/2,2 2 2/2,3 2 2/2" {
		t.Errorf("the journal is %s", got)
	}
	b.checkStored(files)
}

// A file that is retried starts in a session like that of its first try.
func TestRetryStartsAgain(t *testing.T) {
	b := setup(t, read(t, write(t, []file{
		{"1_a.sql", "CREATE TABLE hot (id int);\n", ""},
		{"2_b.sql", "PREPARE p AS SELECT 1;\n\nDO $$ BEGIN PERFORM set_config('app.x', 'y', false); END $$;\n\nSELECT pg_advisory_lock(77);\n\nALTER TABLE hot ADD COLUMN n int;\n", ""},
	})))
	b.mustApply(migrator.Options{N: 1})
	b.cfg.LockTimeout = 100 * time.Millisecond
	other := b.session("BEGIN; LOCK TABLE hot")
	time.AfterFunc(500*time.Millisecond, func() { b.end(other, "COMMIT") })
	b.mustApply(migrator.Options{})
	if len(logged[migrator.LogRetry](b.log)) == 0 {
		t.Error("nothing was tried again")
	}
}

// The session that hands over the lock may take longer than lock_timeout to end.
func TestNewConnectionOnASlowServer(t *testing.T) {
	const files = 3
	b := setup(t, read(t, write(t, stored(files))))
	b.cfg.LockTimeout = time.Millisecond
	b.mustApply(migrator.Options{})
	b.checkStored(files)
}
