package devdb

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// What dev servers of PostgreSQL 12 create as a superuser, later ones let the database's owner create.
func TestTrusted(t *testing.T) {
	s, err := Start(t.Context(), Config{Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.VersionNum() < 130000 {
		t.Skip("needs PostgreSQL 13")
	}
	conn, err := s.Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), "SELECT name FROM pg_available_extension_versions WHERE name = ANY ($1) GROUP BY name HAVING NOT bool_or(trusted)", trusted)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(wrong) > 0 {
		t.Errorf("not trusted: %q, error %v", wrong, err)
	}
}

// The key changes with everything that a state with extensions depends on, and only with that.
func TestExtensionsKey(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.control")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	key := func(dir string, extensions ...string) string {
		t.Helper()
		k, err := extensionsKey(extensions, dir)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := map[string]string{}
	changed := func(what, k string) {
		t.Helper()
		if before, ok := seen[k]; ok {
			t.Errorf("%s: the same key as for %s", what, before)
		}
		seen[k] = what
	}
	changed("no folder", key(filepath.Join(dir, "none"), "a"))
	changed("no folder, other extensions", key(filepath.Join(dir, "none"), "a", "b"))
	write("default_version = '1.0'", day)
	k := key(dir, "b", "a")
	changed("a control file", k)
	if err := os.Symlink("nowhere", filepath.Join(dir, "link.control")); err != nil {
		t.Fatal(err)
	}
	if again := key(dir, "a", "b", "a"); again != k {
		t.Errorf("%q became %q", k, again)
	}
	write("default_version = '1.10'", day)
	changed("another size", key(dir, "a", "b"))
	write("default_version = '1.11'", day.Add(time.Second))
	changed("a later time", key(dir, "a", "b"))
	if err := os.Rename(file, filepath.Join(dir, "b.control")); err != nil {
		t.Fatal(err)
	}
	changed("another name", key(dir, "a", "b"))
	extensionSQL += " "
	defer func() { extensionSQL = extensionSQL[:len(extensionSQL)-1] }()
	changed("another function", key(dir, "a", "b"))
}
