package migrator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// pgbouncer starts a PgBouncer before the test's database and returns how to
// connect through it.
func (b *bench) pgbouncer(mode string) *pgx.ConnConfig {
	b.Helper()
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			if os.Getenv("SCHEMA_TEST_PEERS") == "required" {
				b.Fatal("pgbouncer is missing: apt-get install pgbouncer")
			}
			b.Skip("pgbouncer is not installed: apt-get install pgbouncer")
		}
	}
	server := b.db.ConnConfig()
	dir, err := os.MkdirTemp("", "bouncer")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	ini := fmt.Sprintf(`[databases]
* = host=%s port=%d user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = %s
`, server.Host, server.Port, server.User, port, mode)
	config := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(config, []byte(ini), 0o644); err != nil {
		b.Fatal(err)
	}
	args := []string{config}
	if os.Geteuid() == 0 { // it refuses to run as root, and only the server's user may enter the server's folder
		info, err := os.Stat(filepath.Join(server.Host, fmt.Sprintf(".s.PGSQL.%d", server.Port)))
		if err != nil {
			b.Fatal(err)
		}
		owner, err := user.LookupId(fmt.Sprint(info.Sys().(*syscall.Stat_t).Uid))
		if err != nil {
			b.Skipf("the server's user has no name to run pgbouncer as: %v", err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		args = []string{"-u", owner.Username, config}
	}
	cmd := exec.Command(path, args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	through, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", server.User, port, server.Database))
	if err != nil {
		b.Fatal(err)
	}
	for range 100 {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", fmt.Sprint(port)))
		if err == nil {
			conn.Close()
			return through
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatalf("pgbouncer does not answer\n%s", out.String())
	return nil
}

func TestPgBouncer(t *testing.T) {
	t.Run("session", func(t *testing.T) {
		b := setup(t, dir(t, shop...))
		direct := b.cfg
		b.cfg.ConnConfig = b.pgbouncer("session")
		b.mustApply(migrator.Options{})
		if st := b.status(); !st.Clean() || len(st.Pending) != 0 {
			t.Errorf("the status is %+v", st)
		}
		if _, err := b.down(migrator.Options{To: "base", Yes: true}); err != nil {
			t.Error(err)
		}
		// The server's session outlives the connection to the pooler, the lock must not.
		b.cfg = direct
		b.cfg.Wait = -1
		b.mustApply(migrator.Options{})
	})
	for _, mode := range []string{"transaction", "statement"} {
		t.Run(mode, func(t *testing.T) {
			b := setup(t, dir(t, shop...))
			before := b.everything()
			direct := b.cfg
			b.cfg.ConnConfig = b.pgbouncer(mode)
			for range 3 {
				var refused *migrator.RefusedError
				if _, err := b.apply(migrator.Options{}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "pool_mode = session") {
					t.Fatalf("apply gave %v, want a RefusedError", err)
				}
			}
			b.same(before)
			if n := b.query("SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"); n != "0" {
				t.Errorf("%s locks are left", n)
			}
			// Nothing of ours is left in the pool for the application.
			conn, err := pgx.ConnectConfig(context.Background(), simple(b.cfg.ConnConfig))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.Background())
			var name string
			if err := conn.QueryRow(context.Background(), "SHOW search_path").Scan(&name); err != nil || name == "public" {
				t.Errorf("the search_path is %q, %v", name, err)
			}
			b.cfg = direct
			b.mustApply(migrator.Options{})
		})
	}
}

func simple(cfg *pgx.ConnConfig) *pgx.ConnConfig {
	cfg = cfg.Copy()
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	return cfg
}
