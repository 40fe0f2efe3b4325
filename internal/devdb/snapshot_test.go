//go:build unix

package devdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// session is one command's use of a server and its log.
type session struct {
	*Server
	log *strings.Builder
}

func startWith(t *testing.T, states ...string) session {
	t.Helper()
	var log strings.Builder
	s, err := Start(context.Background(), Config{States: states, Log: func(f string, args ...any) { fmt.Fprintf(&log, f+"\n", args...) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return session{s, &log}
}

func (s session) exec(t *testing.T, db *Database, sql string) {
	t.Helper()
	conn, err := db.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// save creates a database with sql, saves it, and closes the server.
func (s session) save(t *testing.T, state, sql string) {
	t.Helper()
	ctx := context.Background()
	db, err := s.Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, db, sql)
	s.SaveState(ctx, db, state)
	// Later changes aren't part of the state.
	s.exec(t, db, "CREATE TABLE later ()")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// tables returns the tables of the state that the server began with.
func (s session) tables(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	db, err := s.CloneState(ctx)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	names, err := texts(ctx, conn, "SELECT relname || ' ' || relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, ", ")
}

// snapshotFiles returns the snapshots in the cache, sorted by name.
func snapshotFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "ibutsu-schema", snapshotPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// emptyCache gives the test its own cache.
func emptyCache(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	return filepath.Join(dir, "ibutsu-schema")
}

// A state that is saved twice is stored once.
func TestSaveAgain(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := startWith(t, "one", "two")
	ctx := context.Background()
	db, err := s.Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, db, "CREATE TABLE first ()")
	s.SaveState(ctx, db, "one")
	s.SaveState(ctx, db, "two")
	s.SaveState(ctx, db, "one")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if next := startWith(t, "two", "one"); next.State() != "one" || s.log.String() != "" {
		t.Errorf("the next begins with %q, log: %s", next.State(), s.log)
	}
}

func TestSaveState(t *testing.T) {
	emptyCache(t)
	ctx := context.Background()
	s := startWith(t, "b", "a")
	if _, err := s.CreateRole(ctx, "Reader"); err != nil {
		t.Fatal(err)
	}
	s.save(t, "a", `CREATE TABLE "One" (); GRANT SELECT ON "One" TO "Reader"`)
	if s.log.Len() > 0 {
		t.Errorf("log: %s", s.log)
	}

	s = startWith(t, "b", "a", "nothing")
	if got, want := s.State(), "a"; got != want {
		t.Fatalf("it began with %q, not %q", got, want)
	}
	// A copy may be changed without affecting the next one.
	db, err := s.CloneState(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, db, `CREATE TABLE two (); GRANT SELECT ON two TO "Reader"`)
	if diff := cmp.Diff("One dev_owner", s.tables(t)); diff != "" {
		t.Error(diff)
	}
	empty, err := s.Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, empty, `CREATE TABLE "One" ()`)
	s.SaveState(ctx, db, "b")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = startWith(t, "b", "a")
	if diff := cmp.Diff("One dev_owner, two dev_owner", s.tables(t)); s.State() != "b" || diff != "" {
		t.Errorf("%s: %s", s.State(), diff)
	}
	if s := startWith(t, "c"); s.State() != "" {
		t.Errorf("it began with %q, which isn't in Config.States", s.State())
	}
	if s := startWith(t); s.State() != "" {
		t.Errorf("it began with %q, which isn't in Config.States", s.State())
	}
}

// A state isn't stored if a copy of the database would differ or the cluster has changed since.
func TestSaveNothing(t *testing.T) {
	ctx := context.Background()
	admin := func(sql string) func(*testing.T, session, *Database) {
		return func(t *testing.T, s session, db *Database) {
			conn, err := s.Admin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			if _, err := conn.Exec(ctx, strings.ReplaceAll(sql, "DB", db.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	nothing := func(*testing.T, session, *Database) {}
	for _, test := range []struct {
		name          string
		before, after func(*testing.T, session, *Database)
		want          int
	}{
		{"as it is", nothing, nothing, 1},
		{"setting", admin("ALTER DATABASE DB SET search_path = x"), nothing, 0},
		{"privilege", admin("REVOKE CONNECT ON DATABASE DB FROM PUBLIC"), nothing, 0},
		{"comment", admin("COMMENT ON DATABASE DB IS 'x'"), nothing, 0},
		{"role made later", nothing, admin(`CREATE ROLE "x y"`), 0},
		{"role's setting made later", nothing, admin("ALTER ROLE dev_owner SET search_path = x"), 0},
		{"role's setting", admin("ALTER ROLE dev_owner SET work_mem = '2MB'"), nothing, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			emptyCache(t)
			s := startWith(t, "a")
			db, err := s.Create(ctx)
			if err != nil {
				t.Fatal(err)
			}
			test.before(t, s, db)
			s.SaveState(ctx, db, "a")
			test.after(t, s, db)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if got := len(snapshotFiles(t)); got != test.want {
				t.Errorf("%d states are stored, want %d", got, test.want)
			}
			if s.log.Len() > 0 {
				t.Errorf("log: %s", s.log)
			}
		})
	}
}

// Whatever is wrong with a file in the cache, the server starts and the file is removed.
func TestDamagedState(t *testing.T) {
	emptyCache(t)
	startWith(t, "a").save(t, "a", "CREATE TABLE one ()")
	file := snapshotFiles(t)[0]
	good := mustRead(t, file)
	middle := append([]byte(nil), good...)
	middle[len(middle)/2] ^= 1
	// An intact archive of something that isn't a data directory.
	nothing, err := pack(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty": {}, "three bytes": good[:3], "cut": good[:len(good)/2], "last byte gone": good[:len(good)-1],
		"a byte more": append(append([]byte(nil), good...), 0), "one bit": middle,
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := startWith(t, "a")
			if s.State() != "" {
				t.Error("it began with the damaged state")
			}
			if want := "dropping the unusable cache of replayed migrations (reading " + file + ": the file is damaged)\n"; s.log.String() != want {
				t.Errorf("log: %q, want %q", s.log, want)
			}
			if len(snapshotFiles(t)) > 0 {
				t.Error("the file is still there")
			}
			s.save(t, "a", "CREATE TABLE one ()")
			if s := startWith(t, "a"); s.State() != "a" {
				t.Error("no other state was stored")
			}
		})
	}
	t.Run("no data directory", func(t *testing.T) {
		if err := writeArchive(file, nothing); err != nil {
			t.Fatal(err)
		}
		s := startWith(t, "a")
		if s.State() != "" || !strings.Contains(s.log.String(), "replayed migrations (the server exited") {
			t.Errorf("state %q; log: %s", s.State(), s.log)
		}
	})
	t.Run("template", func(t *testing.T) {
		templates, err := filepath.Glob(filepath.Join(filepath.Dir(file), "template-*.tar"))
		if err != nil || len(templates) != 1 {
			t.Fatal(templates, err)
		}
		if err := os.Truncate(templates[0], 1000); err != nil {
			t.Fatal(err)
		}
		s := startWith(t)
		if _, err := s.Create(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := readArchive(templates[0]); err != nil {
			t.Errorf("the template was not created again: %v", err)
		}
	})
}

// Two commands save the same state, and two begin with it, at the same time.
func TestSaveTwice(t *testing.T) {
	emptyCache(t)
	for range 2 {
		var all sync.WaitGroup
		var sessions []session
		for range 2 {
			sessions = append(sessions, startWith(t, "b", "a"))
		}
		for _, s := range sessions {
			all.Go(func() { s.save(t, "a", "CREATE TABLE one ()") })
		}
		all.Wait()
		for _, s := range sessions {
			if s.log.Len() > 0 {
				t.Errorf("log: %s", s.log)
			}
		}
		if got := snapshotFiles(t); len(got) != 1 {
			t.Errorf("%d files: %v", len(got), got)
		}
		if got := startWith(t, "b", "a").tables(t); got != "one dev_owner" {
			t.Errorf("tables %s", got)
		}
	}
}

// Servers of another version, build or settings don't find a state.
func TestStateOfOtherServer(t *testing.T) {
	one := binaries{dir: "/usr/lib/postgresql/15/bin", version: "15.18 (Debian 15.18-0+deb12u1)", major: 15}
	minor, moved := one, one
	minor.version = "15.19 (Debian 15.19-0+deb12u1)"
	moved.dir = "/opt/postgresql/bin"
	seen := map[string]binaries{}
	for _, b := range []binaries{one, minor, moved} {
		name := snapshotFile(b, "a")
		if other, ok := seen[name]; ok {
			t.Errorf("%v and %v share %s", b, other, name)
		}
		seen[name] = b
	}

	emptyCache(t)
	startWith(t, "a").save(t, "a", "CREATE TABLE one ()")
	file := snapshotFiles(t)[0]
	bins, err := find(context.Background(), 0, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	bins.version = "12.0"
	if err := os.Rename(file, filepath.Join(filepath.Dir(file), snapshotFile(bins, "a"))); err != nil {
		t.Fatal(err)
	}
	if s := startWith(t, "a"); s.State() != "" {
		t.Error("it began with the state of another version")
	}
}

// The least recently used snapshots are evicted for a new one.
func TestSnapshotBound(t *testing.T) {
	cache := emptyCache(t)
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	defer func(bound int64) { maxSnapshots = bound }(maxSnapshots)
	maxSnapshots = 100
	now := time.Now()
	put := func(name string, size int, age time.Duration) {
		path := filepath.Join(cache, snapshotPrefix+name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	put("old", 30, 3*time.Hour)
	put("older", 30, 4*time.Hour)
	put("new", 30, time.Hour)
	put("ancient", 1, maxUnused+time.Hour)
	for _, test := range []struct {
		size int64
		room bool
		want string
	}{
		{10, true, "new old older"},
		{11, true, "new old"},
		{101, false, "new old"},
		{100, true, ""},
	} {
		if room := evict(cache, test.size); room != test.room {
			t.Errorf("%d bytes: %v", test.size, room)
		}
		var left []string
		for _, f := range snapshotFiles(t) {
			left = append(left, strings.TrimPrefix(filepath.Base(f), snapshotPrefix))
		}
		if got := strings.Join(left, " "); got != test.want {
			t.Errorf("%d bytes: %q remain, want %q", test.size, got, test.want)
		}
	}

	// Using a snapshot protects it from eviction.
	maxSnapshots = 1 << 30
	startWith(t, "a").save(t, "a", "CREATE TABLE one ()")
	startWith(t, "b").save(t, "b", "CREATE TABLE one ()")
	for _, f := range snapshotFiles(t) {
		if err := os.Chtimes(f, now, now.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	startWith(t, "a").Close()
	info, err := os.Stat(snapshotFiles(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	maxSnapshots = 2*info.Size() + info.Size()/2
	startWith(t, "c").save(t, "c", "CREATE TABLE one ()")
	for state, want := range map[string]string{"a": "a", "b": "", "c": "c"} {
		if got := startWith(t, state).State(); got != want {
			t.Errorf("asked for %s it began with %q", state, got)
		}
	}
}

func TestSaveWithoutCache(t *testing.T) {
	cache := emptyCache(t)
	s := startWith(t, "a")
	// Not even root can write here.
	if err := os.RemoveAll(cache); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cache, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
	s.save(t, "a", "CREATE TABLE one ()")
	if !strings.Contains(s.log.String(), "can't cache the replayed migrations: ") {
		t.Errorf("log: %q", s.log)
	}
}

func TestArchive(t *testing.T) {
	t.Run("plain", testArchive)
	t.Run("compressed", func(t *testing.T) {
		defer func(from int) { compressFrom = from }(compressFrom)
		compressFrom = 0
		testArchive(t)
		emptyCache(t)
		startWith(t, "a").save(t, "a", "CREATE TABLE one ()")
		if info, err := os.Stat(snapshotFiles(t)[0]); err != nil || info.Size() > 4<<20 {
			t.Errorf("the archive isn't compressed: %v, %v", info, err)
		}
		if s := startWith(t, "a"); s.State() != "a" {
			t.Errorf("it began with %q", s.State())
		}
	})
}

func testArchive(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "to")
	want := map[string]string{"a": "same", "sub/b": "same", "sub/c": "other", "empty": "", "sub/empty": "", "pg_wal": ""}
	for name, text := range want {
		path := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	archive, err := pack(from)
	if err == nil {
		archive, err = compress(archive)
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.tar")
	if err := writeArchive(file, archive); err != nil {
		t.Fatal(err)
	}
	if archive, err = readArchive(file); err != nil {
		t.Fatal(err)
	}
	if err := unpack(context.Background(), archive, to, account{}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err = filepath.WalkDir(to, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(to, path)
		got[rel] = string(mustRead(t, path))
		return err
	})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := readArchive(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
