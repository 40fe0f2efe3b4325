package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/wire"
)

// sleepy returns a project whose second migration sleeps a minute for each row of the first one's table.
func sleepy(t *testing.T, head string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"schema.hcl": "schema \"public\" {\n}\n",
		"atlas.hcl": `env "prod" {
  src = "file://schema.hcl"
  url = getenv("DATABASE_URL")
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}
`,
		"migrations/1_a.sql":      "CREATE TABLE a (id int);\n",
		"migrations/2_b.sql":      head + "CREATE TABLE b (id int);\n\nSELECT pg_sleep(60) FROM a;\n\nCREATE TABLE c (id int);\n",
		"migrations/down/1_a.sql": "DROP TABLE a;\n",
		"migrations/down/2_b.sql": "DROP TABLE c;\n\nDROP TABLE b;\n",
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := in(dir, "", "rehash").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// in returns a command of the tool in a folder, with the database url.
func in(dir, url string, args ...string) *exec.Cmd {
	cmd := exec.Command(tool, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DATABASE_URL="+url, "NO_COLOR=1")
	return cmd
}

// query returns the first column of a query's only row.
func query[T any](t *testing.T, db *pgtest.DB, sql string, args ...any) (v T) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) // not at the test's end: polling would use up the server's connections
	if err := conn.QueryRow(ctx, sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// within polls until ok holds.
func within(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Errorf("not within %s: %s", d, what)
}

const (
	sleeping = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`
	ours     = `SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM pg_class WHERE relkind = 'r' AND relname IN ('a', 'b', 'c')`
	locks    = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
)

func TestSignals(t *testing.T) {
	for _, tt := range []struct {
		name string
		head string // of the file that is interrupted
		sig  syscall.Signal
		code int
		left string // tables that exist afterwards
	}{
		{"TERM in a transaction", "", syscall.SIGTERM, 143, "a"},
		{"INT in a transaction", "", syscall.SIGINT, 130, "a"},
		{"TERM without a transaction", "-- atlas:txmode none\n\n", syscall.SIGTERM, 143, "a b"},
		{"INT without a transaction", "-- atlas:txmode none\n\n", syscall.SIGINT, 130, "a b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, db := sleepy(t, tt.head), pgtest.New(t)
			if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			db.Exec(`INSERT INTO a VALUES (1)`)

			metrics := filepath.Join(t.TempDir(), "apply.prom")
			cmd := in(dir, db.URL, "apply", "-metrics="+metrics)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			within(t, 10*time.Second, "the migration sleeps", func() bool { return query[int](t, db, sleeping) == 1 })
			if err := cmd.Process.Signal(tt.sig); err != nil {
				t.Fatal(err)
			}
			within(t, time.Second, "the statement ends on the server", func() bool { return query[int](t, db, sleeping) == 0 })
			err := cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != tt.code {
				t.Errorf("apply ended with %v, want exit code %d\n%s", err, tt.code, stderr.String())
			}
			if !strings.Contains(stderr.String(), "2_b.sql:") {
				t.Errorf("apply doesn't say where it was interrupted:\n%s", stderr.String())
			}
			text, err := os.ReadFile(metrics)
			if err != nil || !strings.Contains(string(text), fmt.Sprintf("} %d\n", tt.code)) {
				t.Errorf("the metrics don't have the exit code: %v\n%s", err, text)
			}
			if n := query[int](t, db, locks); n != 0 {
				t.Errorf("%d advisory locks are still held", n)
			}
			if got := query[string](t, db, ours); got != tt.left {
				t.Errorf("tables %q, want %q", got, tt.left)
			}
			if got := query[string](t, db, `SELECT version_num FROM alembic_version`); got != "1" {
				t.Errorf("alembic_version says %q", got)
			}

			// Without the row, running it again ends as if it had never been interrupted.
			db.Exec(`TRUNCATE a`)
			if out, err := in(dir, db.URL, "apply").CombinedOutput(); err != nil {
				t.Fatalf("apply after the interruption: %v\n%s", err, out)
			}
			if got := query[string](t, db, ours); got != "a b c" {
				t.Errorf("tables %q after a second apply", got)
			}
			if got := query[string](t, db, `SELECT version_num FROM alembic_version`); got != "2" {
				t.Errorf("alembic_version says %q after a second apply", got)
			}
		})
	}
}

// Mage doesn't forward SIGTERM to the binary that it builds and runs. The binary stops by itself when mage is gone.
func TestTheEndOfMageEndsApply(t *testing.T) {
	if os.Getenv("SCHEMA_TEST_TOOL") != "" {
		t.Skip("needs the go command to run mage, but a compiled binary is tested")
	}
	dir, db := sleepy(t, ""), pgtest.New(t)
	if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	db.Exec(`INSERT INTO a VALUES (1)`)

	mage := filepath.Join(t.TempDir(), "mage")
	build := exec.Command("go", "build", "-o", mage, "github.com/magefile/mage")
	build.Dir = root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(mage, "-d", root(), "-w", dir, "apply")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+db.URL)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	within(t, time.Minute, "the migration sleeps", func() bool { return query[int](t, db, sleeping) == 1 })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	within(t, 2*time.Second, "the statement ends on the server", func() bool { return query[int](t, db, sleeping) == 0 })
	within(t, 2*time.Second, "the lock is free", func() bool { return query[int](t, db, locks) == 0 })
	if got := query[string](t, db, ours); got != "a" {
		t.Errorf("tables %q, want only the first file's", got)
	}
}

// TestReaderGoesAway closes the other end of the output's pipe after the first line.
func TestReaderGoesAway(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		for _, tt := range []struct {
			name, last string // statement of the second file
			code       int
			at         string // alembic_version afterwards
		}{
			{"done", "CREATE TABLE c (id int)", 0, "2"},
			{"failed", "SELECT 1/0", 1, "1"},
		} {
			t.Run(format+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				dir, db := sleepy(t, ""), pgtest.New(t)
				file := filepath.Join(dir, "migrations/2_b.sql")
				if err := os.WriteFile(file, []byte("SELECT pg_sleep(0.5);\n\n"+tt.last+";\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				if out, err := in(dir, db.URL, "rehash").CombinedOutput(); err != nil && tt.code == 0 {
					t.Fatalf("%v\n%s", err, out)
				}
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				cmd := in(dir, db.URL, "apply", "-format="+format)
				cmd.Stdout, cmd.Stderr = w, w
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				w.Close()
				if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
					t.Error(err)
				}
				r.Close()
				_ = cmd.Wait()
				if got := cmd.ProcessState.ExitCode(); got != tt.code {
					t.Errorf("%v, want exit code %d", cmd.ProcessState, tt.code)
				}
				if got := query[string](t, db, `SELECT version_num FROM alembic_version`); got != tt.at {
					t.Errorf("alembic_version says %q, want %q", got, tt.at)
				}
			})
		}
	}
}

// TestInterruptedJSON checks that an interrupted command prints only JSON on both outputs.
func TestInterruptedJSON(t *testing.T) {
	dir, db := sleepy(t, ""), pgtest.New(t)
	if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	db.Exec(`INSERT INTO a VALUES (1)`)
	cmd := in(dir, db.URL, "apply", "-format=json")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "the migration sleeps", func() bool { return query[int](t, db, sleeping) == 1 })
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("%v, want exit code 130", cmd.ProcessState)
	}
	if !json.Valid(stdout.Bytes()) {
		t.Errorf("stdout isn't JSON:\n%s", stdout.String())
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	for i, line := range lines {
		// Mage itself prints the error that a target ends with.
		if last := i == len(lines)-1 && strings.HasPrefix(line, "Error: "); !last && !json.Valid([]byte(line)) {
			t.Errorf("line %d on stderr isn't JSON: %s", i+1, line)
		}
	}
}

// TestStoppedWhileCommitting sends a signal while the answer to a commit never arrives.
func TestStoppedWhileCommitting(t *testing.T) {
	const open = "so its outcome is unknown"
	for _, format := range []string{"text", "json"} {
		for _, twice := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s twice=%t", format, twice), func(t *testing.T) {
				t.Parallel()
				dir, db := sleepy(t, ""), pgtest.New(t)
				if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				var stdout, stderr bytes.Buffer
				stalled := make(chan struct{})
				var began atomic.Bool // the migration's transaction
				p := wire.Start(t, db.ConnConfig(), func(m wire.Message) wire.Action {
					switch {
					case m.FromServer && m.SQL == "LOCK TABLE": // of the record
						began.Store(true)
					case m.SQL == "COMMIT" && began.Load():
						close(stalled)
						return wire.Stall
					}
					return wire.Pass
				})
				cmd := in(dir, p.URL, "apply", "-format="+format)
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				<-stalled
				signalled := time.Now()
				for range map[bool]int{false: 1, true: 2}[twice] {
					if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
						t.Fatal(err)
					}
					time.Sleep(200 * time.Millisecond)
				}
				_ = cmd.Wait()
				took := time.Since(signalled)
				if got := cmd.ProcessState.ExitCode(); got != 143 {
					t.Errorf("%v, want exit code 143", cmd.ProcessState)
				}
				t.Logf("after %s:\n%s%s", took.Round(time.Millisecond), stdout.String(), stderr.String())
				if twice {
					if took > 2*time.Second || !strings.Contains(stderr.String(), "Error: stopped by terminated, immediately: a second signal;") {
						t.Errorf("it took %s and said\n%s", took, stderr.String())
					}
				} else if took > 5*time.Second || !strings.Contains(stderr.String(), open) || format == "json" && !strings.Contains(stdout.String(), open) {
					t.Errorf("it took %s and said\n%s%s", took, stdout.String(), stderr.String())
				}
				p.HangUp()
				if out, err := in(dir, db.URL, "apply").CombinedOutput(); err != nil {
					t.Errorf("apply after that: %v\n%s", err, out)
				}
				if got := query[string](t, db, `SELECT version_num FROM alembic_version`); got != "2" {
					t.Errorf("alembic_version says %q", got)
				}
			})
		}
	}
}
