package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
)

// A plan for which there was nothing to do before doesn't create what a large schema file declares again, until
// something changes.
func TestSame(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	srv := pgtest.Start(t, devdb.Config{})
	p := newProject(t)
	p.start([]byte(projecttest.RunsFlakyHCL + strings.Repeat("# a large file\n", 5000)))
	p.Write(map[string]string{"20260102040000_view.sql": "CREATE VIEW v AS SELECT id FROM runs;\n" +
		"DO $$ BEGIN IF EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'late') THEN CREATE TABLE late (); END IF; END $$;\n"})
	databases := func() (n int) {
		db, err := srv.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Discard()
		if _, err := fmt.Sscanf(strings.TrimLeft(db.Name, "abcdefghijklmnopqrstuvwxyz_"), "%d", &n); err != nil {
			t.Fatalf("%s: %v", db.Name, err)
		}
		return n
	}
	plan := func(cfg Config) (pl *Plan, created int) {
		t.Helper()
		cfg.Server = srv
		before := databases()
		pl, err := Make(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return pl, databases() - before - 1
	}
	for i, want := range []int{2, 1} {
		pl, created := plan(p.config())
		if len(pl.Files) > 0 || created != want || fmt.Sprint(pl.Outside) != "[1 view (public.v)]" {
			t.Errorf("time %d: %d files, %d databases created, outside %v", i+1, len(pl.Files), created, pl.Outside)
		}
	}

	renamed := p.config()
	renamed.Server, renamed.Rename = srv, "nothing=something"
	if _, err := Make(t.Context(), renamed); err == nil {
		t.Error("a rename of what doesn't exist is accepted")
	}
	edited := p.config()
	edited.Schema = []byte(strings.Replace(string(edited.Schema), "type = boolean", "type = text", 1))
	if pl, _ := plan(edited); len(pl.Files) == 0 {
		t.Error("nothing is planned for an edited schema file")
	}
	// The same migrations may produce something else.
	db, err := srv.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Discard()
	late, err := db.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Exec(t.Context(), "SET application_name = late"); err != nil {
		t.Fatal(err)
	}
	if pl, _ := plan(p.config()); len(pl.Files) == 0 {
		t.Error("nothing is planned although the migrations have created another table")
	}
	if err := late.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Write(map[string]string{"20260102050000_more.sql": "CREATE TABLE more ();\n"})
	if pl, _ := plan(p.config()); len(pl.Files) == 0 {
		t.Error("nothing is planned after one more migration")
	}
}
