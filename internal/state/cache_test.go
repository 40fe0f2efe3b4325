package state

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestNames(t *testing.T) {
	names := func(texts ...string) []string {
		var files []*migration.File
		for i, text := range texts {
			files = append(files, &migration.File{Name: string(rune('a' + i)), SQL: text})
		}
		got := Names(files)
		slices.Reverse(got)
		return got
	}
	all := names("one", "two", "three")
	if got := len(slices.Compact(slices.Sorted(slices.Values(all)))); got != 3 {
		t.Errorf("%d different names for 3 states", got)
	}
	if diff := cmp.Diff(all[:2], names("one", "two")); diff != "" {
		t.Errorf("another file changes the names before it:\n%s", diff)
	}
	for _, other := range [][]string{{"One", "two", "three"}, {"onetwo", "", "three"}, {"on", "etwo", "three"}, {"two", "one", "three"}} {
		for i, name := range names(other...) {
			if name == all[i] {
				t.Errorf("%q: the state after %d files has the same name as after %q", other, i+1, []string{"one", "two", "three"})
			}
		}
	}
	if got := Names(nil); len(got) > 0 {
		t.Error(got)
	}
}

// slow takes long enough to be saved, and creates another table each time.
const slow = `SELECT pg_sleep(0.3);
DO $$ BEGIN EXECUTE format('CREATE TABLE run_%s ()', (extract(epoch FROM clock_timestamp()) * 1e6)::bigint); END $$;
`

// replayed replays the files on its own server, as a command does. It returns the lines of the catalog and the number
// of files that were in the state that the server began with.
func replayed(t *testing.T, dev string, files map[string]string) (lines []string, begun int) {
	t.Helper()
	ctx := context.Background()
	d := readDir(t, files)
	names := Names(d.Files())
	srv, err := devdb.Start(ctx, devdb.Config{Dev: dev, States: names, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Replay(ctx, srv, d, len(d.Files())-1, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// The session still works.
	if err := s.Run(ctx, split(t, "CREATE TABLE later ()"), false, "later.sql"); err != nil {
		t.Error(err)
	}
	s.Close()
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(names, srv.State()); i >= 0 {
		begun = len(names) - i
	}
	return s.Catalog.Lines(), begun
}

func TestReplayBeginsWithSavedState(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	files := map[string]string{
		"1_roles.sql": "CREATE SCHEMA \"Mixed\";\nGRANT USAGE ON SCHEMA \"Mixed\" TO \"Some Reader\";\n",
		"2_slow.sql":  slow,
	}
	first, begun := replayed(t, "", files)
	if begun != 0 {
		t.Errorf("the first replay began with %d files", begun)
	}
	second, begun := replayed(t, "", files)
	if diff := cmp.Diff(first, second); begun != 2 || diff != "" {
		t.Errorf("the second replay began with %d files, and the catalogs differ (-first +second):\n%s", begun, diff)
	}

	// Only new files are run, in a migration session.
	files["3_new.sql"] = "CREATE TABLE new (at timestamptz DEFAULT '2026-01-01 00:00');\nGRANT SELECT ON new TO \"Some Reader\";\n"
	third, begun := replayed(t, "", files)
	want := append([]string{"column public.new.at: timestamp with time zone default '2026-01-01 00:00:00+00'::timestamp with time zone", "table public.new: ordinary"}, first...)
	slices.Sort(want)
	if diff := cmp.Diff(want, third); begun != 2 || diff != "" {
		t.Errorf("the third replay began with %d files:\n%s", begun, diff)
	}
	// It was too fast to be saved again.
	if _, begun := replayed(t, "", files); begun != 2 {
		t.Errorf("the next replay began with %d files", begun)
	}
	// Two branches share the state of their common files.
	branch := map[string]string{"1_roles.sql": files["1_roles.sql"], "2_slow.sql": slow, "3_other.sql": "CREATE TABLE other ();\n"}
	if lines, begun := replayed(t, "", branch); begun != 2 || !slices.Contains(lines, "table public.other: ordinary") {
		t.Errorf("the branch began with %d files:\n%s", begun, strings.Join(lines, "\n"))
	}
	// After a slow file there is a later state, which is used first.
	files["4_slow.sql"] = slow
	fourth, _ := replayed(t, "", files)
	again, begun := replayed(t, "", files)
	if diff := cmp.Diff(fourth, again); begun != 4 || diff != "" {
		t.Errorf("it began with %d files:\n%s", begun, diff)
	}

	// The state of an edited file isn't saved yet.
	files["1_roles.sql"] += "CREATE TABLE early ();\n"
	edited, begun := replayed(t, "", files)
	if begun != 0 || !slices.Contains(edited, "table public.early: ordinary") {
		t.Errorf("after an edit the replay began with %d files:\n%s", begun, strings.Join(edited, "\n"))
	}
	if slices.ContainsFunc(edited, func(l string) bool { return strings.HasPrefix(l, "table public.run_") && slices.Contains(fourth, l) }) {
		t.Error("after an edit, a later file was not run again")
	}
}

// On a dev URL's server, states are neither saved nor used.
func TestReplayOnDevURL(t *testing.T) {
	pgtest.Server(t) // which outlives this test's cache
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	files := map[string]string{"1_slow.sql": slow}
	replayed(t, "", files)
	dev := pgtest.New(t).Login("x", "CREATEDB")
	for range 2 {
		if _, begun := replayed(t, dev, files); begun != 0 {
			t.Errorf("it began with %d files", begun)
		}
	}
}

// A saved state isn't used for files that don't begin with its files.
func TestReplayFilesOfOtherDirectory(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	replayed(t, "", map[string]string{"1_slow.sql": slow})
	ctx := context.Background()
	d := readDir(t, map[string]string{"1_slow.sql": slow})
	srv, err := devdb.Start(ctx, devdb.Config{States: Names(d.Files())})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	if srv.State() == "" {
		t.Fatal("nothing was kept")
	}
	other := readDir(t, map[string]string{"1_other.sql": "CREATE TABLE other ();\n"})
	for _, test := range []struct {
		files []*migration.File
		want  []string
	}{
		{nil, nil},
		{other.Files(), []string{"table public.other: ordinary"}},
	} {
		s, err := ReplayFiles(ctx, srv, test.files, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, s.Catalog.Lines()); diff != "" {
			t.Error(diff)
		}
	}
}
