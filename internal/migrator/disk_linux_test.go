package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// smallDisk makes a tablespace of 24 MB in which the test's owner may create.
func (b *bench) smallDisk() (tablespace string) {
	b.Helper()
	if os.Geteuid() != 0 {
		b.Skip("only root may mount a small disk")
	}
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	mount := filepath.Join(dir, "small")
	if err := os.Mkdir(mount, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := syscall.Mount("none", mount, "tmpfs", 0, "size=24m"); err != nil {
		b.Skipf("a small disk can't be mounted here: %v", err)
	}
	b.Cleanup(func() { syscall.Unmount(mount, syscall.MNT_DETACH) })
	cfg := b.db.ConnConfig()
	info, err := os.Stat(filepath.Join(cfg.Host, fmt.Sprintf(".s.PGSQL.%d", cfg.Port)))
	if err != nil {
		b.Fatal(err)
	}
	space := filepath.Join(mount, "space")
	if err := os.Mkdir(space, 0o700); err != nil {
		b.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Chown(space, int(owner.Uid), int(owner.Gid)); err != nil {
		b.Fatal(err)
	}
	tablespace = "small_" + b.db.Name
	admin := b.admin()
	for _, sql := range []string{
		fmt.Sprintf("CREATE TABLESPACE %s LOCATION '%s'", tablespace, space),
		fmt.Sprintf("GRANT CREATE ON TABLESPACE %s TO %s", tablespace, cfg.User),
	} {
		if _, err := admin.Exec(context.Background(), sql); err != nil {
			b.Fatal(err)
		}
	}
	b.Cleanup(func() {
		for _, sql := range []string{"DROP TABLE IF EXISTS big, orders CASCADE", "DROP TABLESPACE " + tablespace} {
			if _, err := admin.Exec(context.Background(), sql); err != nil {
				b.Errorf("cleaning up: %v", err)
			}
		}
	})
	return tablespace
}

func TestTooLittleDisk(t *testing.T) {
	b := setup(t, read(t, write(t, []file{{"1_a.sql", "SELECT 1;\n", ""}})))
	space := b.smallDisk()
	b.mustApply(migrator.Options{})
	b.db.Exec("CREATE TABLE big (id int, t text) TABLESPACE " + space + "; INSERT INTO big SELECT n, repeat('x', 150) FROM generate_series(1, 85000) n; ANALYZE big")
	for _, sql := range []string{
		"CREATE INDEX ix ON big (t) TABLESPACE " + space + ";\n",
		"CREATE TABLE c (id int);\nALTER TABLE public.\"big\" ALTER COLUMN \"id\" SET DATA TYPE numeric(10, 2) USING id;\n",
	} {
		b.cfg.Dir = read(t, write(t, []file{{"1_a.sql", "SELECT 1;\n", ""}, {"2_b.sql", sql, ""}}))
		_, err := b.apply(migrator.Options{})
		var refused *migrator.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "too little disk") || !strings.Contains(err.Error(), space) {
			t.Errorf("%sgave %v, want a RefusedError", sql, err)
		}
		if got := b.journal(); got != "1 2 1/1" {
			t.Errorf("the journal is %s", got)
		}
	}
	// Statements that rewrite nothing need no space.
	b.cfg.Dir = read(t, write(t, []file{{"1_a.sql", "SELECT 1;\n", ""}, {"2_b.sql", "ALTER TABLE big ALTER t TYPE varchar;\n", ""}}))
	b.mustApply(migrator.Options{})
}

// If the disk becomes full in the middle of a file, the file fails and the record stays correct.
func TestFullDisk(t *testing.T) {
	for _, tt := range []struct{ name, head string }{{"in a transaction", ""}, {"without", "-- atlas:txmode none\n\n"}} {
		t.Run(tt.name, func(t *testing.T) {
			d := dir(t, file{"1_a.sql", "CREATE TABLE orders (id int, note text);\n", ""})
			b := setup(t, d)
			space := b.smallDisk()
			b.mustApply(migrator.Options{})
			b.db.Exec("ALTER TABLE orders SET TABLESPACE " + space)
			b.cfg.Dir = read(t, write(t, []file{
				{"1_a.sql", "CREATE TABLE orders (id int, note text);\n", ""},
				{"2_b.sql", tt.head + "ALTER TABLE orders ADD COLUMN more int;\nINSERT INTO orders SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n;\n", ""},
			}))
			b.db.Exec("CREATE TABLE big TABLESPACE " + space + " AS SELECT repeat('y', 1000) FROM generate_series(1, 10000)")
			_, err := b.apply(migrator.Options{})
			var failed *migrator.StmtError
			if !errors.As(err, &failed) || failed.N != 2 || !strings.Contains(err.Error(), "No space left on device") || !strings.Contains(err.Error(), "53100") {
				t.Fatalf("apply gave %v", err)
			}
			b.truthful()
			b.db.Exec("DROP TABLE big")
		})
	}
}
