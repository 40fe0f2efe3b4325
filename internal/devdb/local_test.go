//go:build unix

package devdb_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
)

// localConfig returns the configuration of a new project with its own cache folder, and stops its server after the
// test.
func localConfig(t *testing.T) devdb.LocalConfig {
	t.Helper()
	return localIn(t, openDir(t))
}

func localIn(t *testing.T, cache string) devdb.LocalConfig {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", cache)
	project := filepath.Join(cache, "project")
	if err := os.MkdirAll(project, 0o755); err != nil {
		t.Fatal(err)
	}
	cfg := devdb.LocalConfig{Project: project, Log: t.Logf}
	t.Cleanup(func() {
		if stopped, err := devdb.Down(context.Background(), cfg); err != nil || !stopped {
			t.Errorf("the server is not stopped after the test: %v", err)
		}
	})
	return cfg
}

// usedLocal is like localConfig, but the project has a data directory already. The first test that needs one creates
// it, because that takes longer than everything else.
func usedLocal(t *testing.T) devdb.LocalConfig {
	t.Helper()
	if usedCache == "" {
		var err error
		if usedCache, err = os.MkdirTemp("", "devdb-test-"); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(usedCache, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return localIn(t, usedCache)
}

var usedCache string // removed by TestMain

func local(t *testing.T, cfg devdb.LocalConfig) *devdb.Instance {
	t.Helper()
	l, err := devdb.Local(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func closeLocal(t *testing.T, l *devdb.Instance) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// stateDir returns the folder with the data of cfg's project.
func stateDir(t *testing.T, cfg devdb.LocalConfig) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "ibutsu-schema", "local", "*-*", "project"))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && string(text) == cfg.Project+"\n" {
			return filepath.Dir(file)
		}
	}
	t.Fatalf("none of %q is of %s", files, cfg.Project)
	return ""
}

func running(t *testing.T, cfg devdb.LocalConfig) bool {
	t.Helper()
	_, ok, err := devdb.LocalURL(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func localQuery(t *testing.T, url, sql string) []string {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	return query(t, conn, sql)
}

// bootTime identifies a run of the server.
func bootTime(t *testing.T, url string) string {
	t.Helper()
	return localQuery(t, url, "SELECT pg_postmaster_start_time()")[0]
}

func TestLocal(t *testing.T) {
	cfg := localConfig(t)
	url, ok, err := devdb.LocalURL(context.Background(), cfg)
	if err != nil || ok {
		t.Fatalf("before the first use: running %v, %v", ok, err)
	}
	if stopped, err := devdb.Down(context.Background(), cfg); err != nil || !stopped {
		t.Errorf("Down before the first use: stopped %v, %v", stopped, err)
	}

	a := local(t, cfg)
	if a.URL != url {
		t.Errorf("the URL became %s, it was %s", a.URL, url)
	}
	got := localQuery(t, a.URL, `SELECT current_user, current_database(), rolsuper, rolcreaterole, current_setting('fsync'), current_setting('listen_addresses'),
		pg_encoding_to_char(encoding) FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database() AND datdba = pg_roles.oid`)
	if diff := cmp.Diff([]string{"local|local|f|f|on||UTF8"}, got); diff != "" {
		t.Error(diff)
	}
	localQuery(t, a.URL, "COMMENT ON SCHEMA public IS 'ours'; CREATE TABLE kept AS SELECT 7 AS n")

	b := local(t, cfg)
	closeLocal(t, a)
	closeLocal(t, a) // again changes nothing
	if !running(t, cfg) {
		t.Error("stopped under another user")
	}
	out, err := exec.Command("psql", "-X", "-At", "-d", b.URL, "-c", "SELECT n FROM kept").CombinedOutput()
	if err != nil || string(out) != "7\n" {
		t.Errorf("psql says %q, %v", out, err)
	}
	closeLocal(t, b)
	if running(t, cfg) {
		t.Error("running after the last user")
	}
	c := local(t, cfg)
	if diff := cmp.Diff([]string{"7"}, localQuery(t, c.URL, "SELECT n FROM kept")); diff != "" {
		t.Error(diff)
	}
}

func TestLocalOfEachProject(t *testing.T) {
	cfg := usedLocal(t)
	a := local(t, cfg)
	other := devdb.LocalConfig{Project: t.TempDir(), Log: t.Logf}
	b := local(t, other)
	if a.URL == b.URL {
		t.Errorf("two projects share %s", a.URL)
	}
	closeLocal(t, b)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(cfg.Project, link); err != nil {
		t.Fatal(err)
	}
	if c := local(t, devdb.LocalConfig{Project: link}); c.URL != a.URL {
		t.Errorf("by a link the project is another one: %s, %s", c.URL, a.URL)
	}
}

func TestLocalAtOnce(t *testing.T) {
	cfg := localConfig(t)
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			l, err := devdb.Local(context.Background(), cfg)
			if err != nil {
				t.Error(err)
				return
			}
			conn, err := pgx.Connect(context.Background(), l.URL)
			if err != nil {
				t.Error(err)
			} else {
				conn.Close(context.Background())
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if running(t, cfg) {
		t.Error("running after the last user")
	}
}

// The server outlives a killed process and stops after the next use.
func TestLocalKilled(t *testing.T) {
	cfg := usedLocal(t)
	cmd, u := startChild(t, "local", cfg.Project)
	boot := bootTime(t, u.String())
	l := local(t, cfg)
	cmd.Process.Kill()
	cmd.Wait()
	if got := bootTime(t, l.URL); got != boot {
		t.Error("another server runs")
	}
	closeLocal(t, l)
	if running(t, cfg) {
		t.Error("running after the last user")
	}

	cmd, _ = startChild(t, "local", cfg.Project)
	cmd.Process.Kill()
	cmd.Wait()
	if !running(t, cfg) {
		t.Fatal("the server ended with a user")
	}
	closeLocal(t, local(t, cfg))
	if running(t, cfg) {
		t.Error("running after the last user")
	}
}

func TestUpDown(t *testing.T) {
	ctx := context.Background()
	cfg := usedLocal(t)
	up := func() string {
		t.Helper()
		url, err := devdb.Up(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		return url
	}
	down := func(want bool) {
		t.Helper()
		if stopped, err := devdb.Down(ctx, cfg); err != nil || stopped != want {
			t.Fatalf("stopped %v, %v, want %v", stopped, err, want)
		}
	}

	url := up()
	boot := bootTime(t, url)
	up()
	l := local(t, cfg)
	if l.URL != url || bootTime(t, l.URL) != boot {
		t.Error("another server is used")
	}
	closeLocal(t, l)
	if !running(t, cfg) {
		t.Fatal("a pinned server was stopped")
	}
	down(true)
	if running(t, cfg) {
		t.Fatal("running after Down")
	}
	down(true)

	l = local(t, cfg)
	up()
	down(false)
	if !running(t, cfg) {
		t.Fatal("stopped under a user")
	}
	closeLocal(t, l)
	if running(t, cfg) {
		t.Error("running after the last user")
	}
}

func TestReset(t *testing.T) {
	ctx := context.Background()
	cfg := localConfig(t)
	if deleted, err := devdb.Reset(ctx, cfg); err != nil || deleted != "" {
		t.Errorf("before the first use it deleted %q, %v", deleted, err)
	}
	url, err := devdb.Up(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	localQuery(t, url, "CREATE TABLE old (n int)")
	l := local(t, cfg)
	if deleted, err := devdb.Reset(ctx, cfg); err == nil || deleted != "" {
		t.Errorf("under a user it deleted %q, %v", deleted, err)
	}
	localQuery(t, url, "TABLE old")
	closeLocal(t, l)

	// The deletion doesn't follow links.
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(stateDir(t, cfg), "data")
	if err := os.Symlink(filepath.Dir(kept), filepath.Join(data, "pg_tblspc", "1")); err != nil {
		t.Fatal(err)
	}
	if _, err := devdb.Up(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if deleted, err := devdb.Reset(ctx, cfg); err != nil || deleted != data || exists(data) || !exists(kept) {
		t.Errorf("it deleted %q, not %q, %v", deleted, data, err)
	}
	if running(t, cfg) {
		t.Error("running after Reset")
	}
	if deleted, err := devdb.Reset(ctx, cfg); err != nil || deleted != "" {
		t.Errorf("again it deleted %q, %v", deleted, err)
	}
	l = local(t, cfg)
	if got := localQuery(t, l.URL, "SELECT count(*) FROM pg_tables WHERE tablename = 'old'"); got[0] != "0" {
		t.Error("the data is still there")
	}
	closeLocal(t, l)
	if running(t, cfg) {
		t.Error("running after the last user: it is still pinned")
	}
}

// A command that starts while data is being deleted gets a complete server.
func TestResetTogether(t *testing.T) {
	ctx := context.Background()
	cfg := usedLocal(t)
	closeLocal(t, local(t, cfg))
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			l, err := devdb.Local(ctx, cfg)
			if err != nil {
				t.Error(err)
				return
			}
			conn, err := pgx.Connect(ctx, l.URL)
			if err != nil {
				t.Error(err)
			} else {
				conn.Close(ctx)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			if _, err := devdb.Reset(ctx, cfg); err != nil && !strings.Contains(err.Error(), "other commands are using") {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// Data that may not be the project's is not deleted.
func TestResetOthers(t *testing.T) {
	ctx := context.Background()
	cfg := usedLocal(t)
	closeLocal(t, local(t, cfg))
	dir := stateDir(t, cfg)
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for _, tt := range []struct {
		name         string
		change, undo func() error
	}{
		{"of another project", change(filepath.Join(dir, "project"), "/another\n"), change(filepath.Join(dir, "project"), cfg.Project+"\n")},
		{"of nobody", move(filepath.Join(dir, "project"), elsewhere), move(elsewhere, filepath.Join(dir, "project"))},
		{"no data directory", move(filepath.Join(dir, "data", "PG_VERSION"), elsewhere), move(elsewhere, filepath.Join(dir, "data", "PG_VERSION"))},
		{"a link to data", link(filepath.Join(dir, "data"), elsewhere), unlink(filepath.Join(dir, "data"), elsewhere)},
		{"a link to a folder", link(dir, elsewhere), unlink(dir, elsewhere)},
	} {
		if err := tt.change(); err != nil {
			t.Fatal(err)
		}
		deleted, err := devdb.Reset(ctx, cfg)
		if deleted != "" || err == nil || !strings.Contains(err.Error(), "check it, and delete it by hand") {
			t.Errorf("%s: deleted %q, %v", tt.name, deleted, err)
		}
		if err := tt.undo(); err != nil {
			t.Fatal(err)
		}
	}
	if !exists(filepath.Join(dir, "data", "PG_VERSION")) {
		t.Error("the data is gone")
	}
}

func change(file, text string) func() error {
	return func() error { return os.WriteFile(file, []byte(text), 0o600) }
}

func move(from, to string) func() error {
	return func() error { return os.Rename(from, to) }
}

// link moves a path elsewhere and leaves a symbolic link to it.
func link(path, elsewhere string) func() error {
	return func() error { return errors.Join(os.Rename(path, elsewhere), os.Symlink(elsewhere, path)) }
}

func unlink(path, elsewhere string) func() error {
	return func() error { return errors.Join(os.Remove(path), os.Rename(elsewhere, path)) }
}

// Wherever starting is canceled, no server remains.
func TestLocalCancelled(t *testing.T) {
	cfg := usedLocal(t)
	for delay := time.Duration(0); delay < 80*time.Millisecond; delay += 10 * time.Millisecond {
		ctx, cancel := context.WithTimeout(context.Background(), delay)
		l, err := devdb.Local(ctx, cfg)
		cancel()
		if err == nil {
			closeLocal(t, l)
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", delay, err)
		}
		if running(t, cfg) {
			t.Errorf("after %v a server runs", delay)
		}
	}
}

// The data of a major version whose binaries are gone is left alone.
func TestLocalOtherMajor(t *testing.T) {
	cfg := localConfig(t)
	l := local(t, cfg)
	localQuery(t, l.URL, "CREATE TABLE old (n int)")
	closeLocal(t, l)
	now, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "ibutsu-schema", "local", "*-*"))
	if err != nil || len(now) != 1 {
		t.Fatalf("state folders %q, %v", now, err)
	}
	old := now[0][:strings.LastIndex(now[0], "-")] + "-99"
	if err := os.Rename(now[0], old); err != nil {
		t.Fatal(err)
	}

	var log strings.Builder
	cfg.Log = func(f string, args ...any) { fmt.Fprintf(&log, f+"\n", args...) }
	l = local(t, cfg)
	if got := localQuery(t, l.URL, "SELECT count(*) FROM pg_tables WHERE tablename = 'old'"); got[0] != "0" {
		t.Error("the other major's data is used")
	}
	closeLocal(t, l)
	if !strings.Contains(log.String(), "keeping the local data of PostgreSQL 99") {
		t.Errorf("said %q", log.String())
	}
	if err := os.RemoveAll(now[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(old, now[0]); err != nil {
		t.Fatal(err)
	}
	l = local(t, cfg)
	if got := localQuery(t, l.URL, "SELECT count(*) FROM pg_tables WHERE tablename = 'old'"); got[0] != "1" {
		t.Error("the other major's data was lost")
	}
}

// A folder whose path is too long for a socket works, and nothing remains elsewhere.
func TestLocalDeepCache(t *testing.T) {
	cfg := localConfig(t)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(os.Getenv("XDG_CACHE_HOME"), strings.Repeat("deep", 30)))
	for range 2 {
		l := local(t, cfg)
		u, err := url.Parse(l.URL)
		if err != nil {
			t.Fatal(err)
		}
		if got := localQuery(t, l.URL, "SELECT 1"); got[0] != "1" {
			t.Error(got)
		}
		closeLocal(t, l)
		if folder := u.Query().Get("host"); exists(folder) {
			t.Errorf("%s remains", folder)
		}
	}
}
