// Package pgtest gives every test its own PostgreSQL database, on one throwaway server per test process. The server is
// of the newest installed major version, or of the one in the environment variable SCHEMA_TEST_MAJOR, "12" to "18". How
// a server is found and started is up to package devdb.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

var shared struct {
	sync.Mutex
	server *devdb.Server
	err    error
}

// Server returns the process's shared server, started by the first call.
func Server(t testing.TB) *devdb.Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute) // a download may take 5
		defer cancel()
		shared.server, shared.err = start(ctx, t, devdb.Config{Limits: unlimited})
	}
	if shared.err != nil {
		t.Fatalf("starting PostgreSQL for the tests: %v", shared.err)
	}
	return shared.server
}

// unlimited are limits that the tests of a whole package don't reach on a busy machine. Their databases are kept until
// the end.
var unlimited = devdb.Limits{Statement: 10 * time.Minute, Total: 24 * time.Hour, Disk: -1}

// Start returns a server of the test's own, which stops with the test. By default it is of the tests' version.
func Start(t testing.TB, cfg devdb.Config) *devdb.Server {
	t.Helper()
	s, err := start(t.Context(), t, cfg)
	if err != nil {
		t.Fatalf("starting PostgreSQL for the test: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func start(ctx context.Context, t testing.TB, cfg devdb.Config) (*devdb.Server, error) {
	major := os.Getenv("SCHEMA_TEST_MAJOR")
	cfg.Log = t.Logf
	if cfg.Dev != "" {
		return devdb.Start(ctx, cfg)
	}
	if major != "" {
		cfg.Dev = "docker://postgres/" + major + "/dev"
	}
	s, err := devdb.Start(ctx, cfg)
	if err == nil && major != "" && strconv.Itoa(s.VersionNum()/10000) != major {
		err = errors.Join(fmt.Errorf("SCHEMA_TEST_MAJOR is %s, but the server that started is PostgreSQL %d", major, s.VersionNum()/10000), s.Close())
	}
	return s, err
}

// Versions skips a test on the major versions that text excludes: "15-" means 15 and later, "-16" means 16 and earlier,
// "" means all.
func Versions(t testing.TB, text string) {
	t.Helper()
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	major := Server(t).VersionNum() / 10000
	var first, last int
	if n, _ := fmt.Sscanf(text, "%d-", &first); n == 1 && first > 0 {
		if major < first {
			t.Skipf("needs PostgreSQL %d or later", first)
		}
	} else if n, _ := fmt.Sscanf(text, "-%d", &last); n == 1 {
		if major > last {
			t.Skipf("needs PostgreSQL %d or earlier", last)
		}
	} else {
		t.Fatalf("%q isn't a range of major versions, such as 15- or -16", text)
	}
}

// Main runs a package's tests and stops the shared server after them:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// Without it the server still stops with the process, and the next run removes its folder.
//
// In tests, not in benchmarks, each partial read of the catalog is compared with a full one (see state.State.Refresh).
func Main(m *testing.M) int {
	if !slices.ContainsFunc(os.Args, func(a string) bool { return strings.HasPrefix(a, "-test.bench=") }) {
		_ = os.Setenv("SCHEMA_CHECK_READS", "1") // the name is valid
	}
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		shared.server.Close()
		shared.server = nil
	}
	return code
}

// DB is a test's database.
type DB struct {
	// URL connects as the database's owner, which isn't a superuser.
	URL string
	// Database is the same database, to clone or connect to.
	*devdb.Database

	t      testing.TB
	logins int
}

// New creates an empty database and drops it when the test ends.
func New(t testing.TB) *DB {
	t.Helper()
	db, err := Server(t).Create(context.Background())
	if err != nil {
		t.Fatalf("creating a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Drop(context.Background()); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	return &DB{URL: db.URL(), Database: db, t: t}
}

// Use returns a database that the test has created itself.
func Use(t testing.TB, db *devdb.Database) *DB { return &DB{URL: db.URL(), Database: db, t: t} }

// Conn opens a connection as the owner and closes it when the test ends.
func (d *DB) Conn() *pgx.Conn {
	d.t.Helper()
	conn, err := d.Connect(context.Background())
	if err != nil {
		d.t.Fatalf("connecting to the test's database: %v", err)
	}
	d.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Exec runs one or more statements as the owner.
func (d *DB) Exec(sql string) {
	d.t.Helper()
	conn, err := d.Connect(context.Background())
	if err != nil {
		d.t.Fatalf("connecting to the test's database: %v", err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		d.t.Fatalf("%v\nin:\n%s", err, sql)
	}
}

// CutOff runs a statement that builds an index on the table concurrently, and makes it fail by a lock timeout, which
// leaves an INVALID index: the one that it was to build, or NAME_ccnew for REINDEX.
func (d *DB) CutOff(table, sql string) {
	d.t.Helper()
	ctx := context.Background()
	writer, builder := d.Conn(), d.Conn()
	for _, step := range []struct {
		conn *pgx.Conn
		sql  string
	}{{writer, "BEGIN"}, {writer, "LOCK TABLE " + table + " IN ROW EXCLUSIVE MODE"}, {builder, "SET lock_timeout = '100ms'"}} {
		if _, err := step.conn.Exec(ctx, step.sql); err != nil {
			d.t.Fatalf("%v\nin: %s", err, step.sql)
		}
	}
	if _, err := builder.Exec(ctx, sql); pgsql.SQLState(err) != pgsql.LockNotAvailable {
		d.t.Fatalf("%s did not time out: %v", sql, err)
	}
	if _, err := writer.Exec(ctx, "ROLLBACK"); err != nil {
		d.t.Fatal(err)
	}
}

// File runs the file at path with psql as the owner, with args such as "-v", "n=5". It stops at the first error and
// returns psql's output.
func (d *DB) File(path string, args ...string) string {
	d.t.Helper()
	cmd := exec.Command("psql", append([]string{"-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", d.URL, "-f", path}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("psql -f %s: %v\n%s", path, err, out)
	}
	return string(out)
}

// Dumps skips a test that needs a pg_dump if none fits the server.
func Dumps(t testing.TB) {
	t.Helper()
	_, err := New(t).Dump(context.Background())
	if errors.As(err, new(*devdb.NoDumpError)) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
