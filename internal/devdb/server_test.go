//go:build unix

package devdb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// The test binary is also the process that is killed while it uses a server.
const childKind, childArg = "DEVDB_TEST_CHILD", "DEVDB_TEST_ARG"

func TestMain(m *testing.M) {
	if kind := os.Getenv(childKind); kind != "" {
		if err := child(kind, os.Getenv(childArg)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := pgtest.Main(m)
	if usedCache != "" {
		os.RemoveAll(usedCache)
	}
	os.Exit(code)
}

// child starts the kind of server, prints its URL, and waits for a signal.
func child(kind, arg string) error {
	signals := make(chan os.Signal, 1)
	if kind != "deaf" {
		signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	}
	ctx := context.Background()
	var where string
	var closer interface{ Close() error }
	switch kind {
	case "local":
		l, err := devdb.Local(ctx, devdb.LocalConfig{Project: arg})
		if err != nil {
			return err
		}
		where, closer = l.URL, l
	default:
		s, err := devdb.Start(ctx, devdb.Config{Dev: arg})
		if err != nil {
			return err
		}
		db, err := s.Create(ctx)
		if err != nil {
			return err
		}
		if _, err := s.CreateRole(ctx, "Reader"); err != nil {
			return err
		}
		where, closer = db.URL(), s
	}
	fmt.Println(where)
	<-signals
	return closer.Close()
}

// startChild runs child in its own process group and returns the URL that it printed.
func startChild(t *testing.T, kind, arg string) (*exec.Cmd, *url.URL) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childKind+"="+kind, childArg+"="+arg)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child printed nothing: %v", err)
	}
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return cmd, u
}

func start(t *testing.T, dev string) *devdb.Server {
	t.Helper()
	s, err := devdb.Start(context.Background(), devdb.Config{Dev: dev, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func create(t *testing.T, s *devdb.Server) *devdb.Database {
	t.Helper()
	db, err := s.Create(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func connect(t *testing.T, db *devdb.Database) *pgx.Conn {
	t.Helper()
	conn, err := db.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// query returns the rows as psql -At would print them.
func query(t *testing.T, conn *pgx.Conn, sql string) []string {
	t.Helper()
	results, err := conn.PgConn().Exec(context.Background(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
	lines := []string{}
	for _, row := range results[len(results)-1].Rows {
		fields := make([]string, len(row))
		for i, f := range row {
			fields[i] = string(f)
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
	return lines
}

func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return fmt.Sprint(err)
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// eventually waits up to 10 seconds for another process.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 seconds: %s", what)
		}
	}
}

func TestServer(t *testing.T) {
	s := start(t, "")
	db := create(t, s)
	folder := db.ConnConfig().Host
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %s: %v, %v", folder, info, err)
	}
	conn := connect(t, db)
	got := query(t, conn, `SELECT pg_encoding_to_char(encoding), datcollate, datctype, current_setting('TimeZone'), current_setting('fsync'),
		current_setting('listen_addresses'), rolsuper, rolcreaterole, rolcreatedb, current_setting('server_version_num')
		FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user AND pg_has_role(datdba, 'USAGE')`)
	want := []string{"UTF8|C|C|UTC|off||f|f|f|" + strconv.Itoa(s.VersionNum())}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = query(t, conn, `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`)
	if diff := cmp.Diff([]string{"0"}, got); diff != "" {
		t.Errorf("a new database is not empty: %s", diff)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if exists(folder) {
		t.Errorf("%s is left", folder)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

// The owner has the rights of a database's owner, and no more.
func TestOwner(t *testing.T) {
	for _, test := range []struct{ sql, state string }{
		{`CREATE TABLE t (n int); CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'`, ""},
		{`CREATE SCHEMA "My Schema"`, ""},
		{`COMMENT ON SCHEMA public IS 'ours'`, ""},
		{`DROP SCHEMA public CASCADE; CREATE SCHEMA public`, ""},
		{`CREATE EXTENSION IF NOT EXISTS plpgsql`, ""},
		{`CREATE EXTENSION pgcrypto; CREATE EXTENSION citext`, ""},
		{`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = x', current_database()); END $$`, ""},
		{`COPY (SELECT 1) TO PROGRAM 'cat'`, "42501"},
		{`COPY (SELECT 1) TO '/tmp/x'`, "42501"},
		{`CREATE ROLE r`, "42501"},
		{`CREATE EXTENSION file_fdw`, "42501"},
		{`SET ROLE postgres`, "42501"},
		{`SELECT pg_read_file('/etc/passwd')`, "42501"},
	} {
		t.Run(test.sql, func(t *testing.T) {
			conn := pgtest.New(t).Conn()
			_, err := conn.PgConn().Exec(context.Background(), test.sql).ReadAll()
			if state := sqlState(err); test.state == "" && err != nil || test.state != "" && state != test.state {
				if state == "0A000" || state == "58P01" {
					t.Skipf("the extension is not installed: %v", err)
				}
				t.Errorf("error %v, want SQLSTATE %q", err, test.state)
			}
		})
	}
}

func TestCloneAndDrop(t *testing.T) {
	ctx := context.Background()
	s := pgtest.Server(t)
	from := create(t, s)
	conn := connect(t, from)
	query(t, conn, `CREATE TABLE "T" (n int); INSERT INTO "T" VALUES (1), (2)`)
	conn.Close(ctx)

	began := time.Now()
	to, err := s.Clone(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("cloned %v after the last session", time.Since(began))
	conn = connect(t, to)
	if diff := cmp.Diff([]string{"2|dev_owner"}, query(t, conn, `INSERT INTO "T" VALUES (3); SELECT count(*) - 1, current_user FROM "T"`)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"2"}, query(t, connect(t, from), `SELECT count(*) FROM "T"`)); diff != "" {
		t.Error(diff)
	}
	for _, db := range []*devdb.Database{from, to, to} { // with sessions in them, and already dropped
		if err := db.Drop(ctx); err != nil {
			t.Error(err)
		}
	}
	if _, err := from.Connect(ctx); sqlState(err) != "3D000" {
		t.Errorf("connecting to a dropped database: %v", err)
	}
}

func TestCreateAtOnce(t *testing.T) {
	s := pgtest.Server(t)
	names := map[string]bool{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			db, err := s.Create(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			names[db.Name] = true
			mu.Unlock()
			if err := db.Drop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(names) != 10 {
		t.Errorf("%d names for 10 databases", len(names))
	}
}

// Ten concurrent starts with an empty cache create one template.
func TestStartAtOnce(t *testing.T) {
	cache := openDir(t)
	t.Setenv("XDG_CACHE_HOME", cache)
	var folders [10]string
	var group sync.WaitGroup
	for i := range folders {
		group.Go(func() {
			s, err := devdb.Start(context.Background(), devdb.Config{Log: t.Logf})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			db, err := s.Create(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			folders[i] = db.ConnConfig().Host
			conn, err := db.Connect(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close(context.Background())
		})
	}
	group.Wait()
	for _, f := range folders {
		if exists(f) {
			t.Errorf("%s is left", f)
		}
	}
	files, err := filepath.Glob(filepath.Join(cache, "ibutsu-schema", "*.tar*"))
	if err != nil || len(files) != 2 || !strings.HasSuffix(files[0], ".tar") || !strings.HasSuffix(files[1], ".tar.lock") {
		t.Errorf("cache holds %q, %v", files, err)
	}
}

// Wherever starting is canceled, nothing remains.
func TestStartCancelled(t *testing.T) {
	for _, cache := range []string{openDir(t), openDir(t)} { // the first run creates the template, if it gets that far
		t.Setenv("XDG_CACHE_HOME", cache)
		for delay := time.Duration(0); delay < 150*time.Millisecond; delay += 15 * time.Millisecond {
			ctx, cancel := context.WithTimeoutCause(context.Background(), delay, context.Canceled)
			s, err := devdb.Start(ctx, devdb.Config{Log: t.Logf})
			cancel()
			switch {
			case err == nil:
				s.Close()
			case !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
				t.Errorf("after %v: %v", delay, err)
			}
		}
	}
	for _, base := range []string{"/dev/shm", os.TempDir()} {
		locks, _ := filepath.Glob(filepath.Join(base, "ibutsu-dev-*", "lock"))
		for _, lock := range locks {
			if text, err := os.ReadFile(lock); err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(os.Getpid()) && filepath.Dir(lock) != sharedFolder(t) {
				t.Errorf("%s is left", filepath.Dir(lock))
			}
		}
	}
}

func sharedFolder(t *testing.T) string {
	t.Helper()
	admin, err := pgtest.Server(t).Admin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	return admin.Config().Host
}

func TestInterrupted(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			cmd, u := startChild(t, "server", "")
			folder := u.Query().Get("host")
			pid, _, _ := strings.Cut(string(mustRead(t, filepath.Join(folder, "data", "postmaster.pid"))), "\n")
			server, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			if group, err := syscall.Getpgid(server); err != nil || group == cmd.Process.Pid {
				t.Errorf("the server is in its user's process group: a terminal's signals reach it (%v)", err)
			}
			// To the whole group, like a terminal.
			syscall.Kill(-cmd.Process.Pid, sig)
			if err := cmd.Wait(); err != nil {
				t.Errorf("the child could not close its server: %v", err)
			}
			if exists(folder) {
				t.Errorf("%s is left", folder)
			}
		})
	}
}

func TestKilled(t *testing.T) {
	for _, test := range []struct {
		kind string
		sig  syscall.Signal
	}{{"server", syscall.SIGKILL}, {"deaf", syscall.SIGTERM}} {
		t.Run(test.sig.String(), func(t *testing.T) {
			cmd, u := startChild(t, test.kind, "")
			conn, err := pgx.Connect(context.Background(), u.String())
			if err != nil {
				t.Fatal(err)
			}
			cmd.Process.Signal(test.sig)
			cmd.Wait()
			eventually(t, "the end of the server", func() bool {
				return conn.Ping(context.Background()) != nil
			})
			start(t, "")
			if folder := u.Query().Get("host"); exists(folder) {
				t.Errorf("%s was not swept", folder)
			}
		})
	}
}

// openDir returns a temporary folder that the server's account may traverse.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devdb-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestUnwritableCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", file)
	tmp := openDir(t)
	t.Setenv("TMPDIR", tmp)
	var log []string
	s, err := devdb.Start(context.Background(), devdb.Config{Log: func(f string, a ...any) { log = append(log, fmt.Sprintf(f, a...)) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	create(t, s)
	if len(log) != 1 || !strings.Contains(log[0], file) || !strings.Contains(log[0], tmp) {
		t.Errorf("said %q", log)
	}
}

// The tests also pass as a user without rights.
func TestAsNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	if _, err := user.Lookup("nobody"); err != nil {
		t.Skip(err)
	}
	runuser, err := exec.LookPath("runuser")
	if err != nil {
		t.Skip(err)
	}
	dir := openDir(t)
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "devdb.test")
	if err := os.WriteFile(program, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(dir, "home")
	if err := exec.Command("install", "-d", "-o", "nobody", home).Run(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(runuser, "-u", "nobody", "--", "env", "-i", "HOME="+home, "PATH="+os.Getenv("PATH"), "TMPDIR="+home, "PGBINDIR="+os.Getenv("PGBINDIR"),
		program, "-test.v", "-test.run=^Test(Server|Owner|CloneAndDrop|StartCancelled|Interrupted|Killed|SweepEndsServer|DevURL|Local|LocalKilled|LocalDeepCache)$")
	cmd.Dir = home
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS: TestServer") {
		t.Errorf("the tests did not run:\n%s", out)
	}
	if left, _ := filepath.Glob(filepath.Join(home, "ibutsu-dev-*")); len(left) > 0 {
		t.Errorf("remaining: %q", left)
	}
}

// TestDiscard checks that a long run doesn't keep the databases that it no longer uses.
func TestDiscard(t *testing.T) {
	s := pgtest.Start(t, devdb.Config{})
	var made []*devdb.Database
	for range 30 {
		db, err := s.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, db)
	}
	for _, db := range made {
		db.Discard()
	}
	admin, err := s.Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	var left int
	if err := admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = ANY ($1)", names(made)).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 24 {
		t.Errorf("%d of %d discarded databases are left, want 24", left, len(made))
	}
}

// TestDiscardReports discards a database that can't be dropped from a dev URL's server.
func TestDiscardReports(t *testing.T) {
	var log strings.Builder
	s, err := devdb.Start(t.Context(), devdb.Config{Dev: pgtest.New(t).Login("secret", "CREATEDB"), Log: func(format string, args ...any) { fmt.Fprintf(&log, format, args...) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	admin, err := pgtest.Server(t).Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	first := create(t, s)
	query(t, admin, "ALTER DATABASE "+first.Name+" OWNER TO CURRENT_USER")
	first.Discard()
	for range 24 {
		create(t, s).Discard()
	}
	if want := "dropping dev database " + first.Name + ": ERROR: must be owner"; !strings.HasPrefix(log.String(), want) {
		t.Errorf("log: %q, want %q", log.String(), want)
	}
	query(t, admin, "DROP DATABASE "+first.Name)
}

func names(dbs []*devdb.Database) (list []string) {
	for _, db := range dbs {
		list = append(list, db.Name)
	}
	return list
}
