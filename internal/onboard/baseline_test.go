package onboard_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/tools/txtar"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/onboard"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// A project is one that Init has begun, with a database.
type project struct {
	t    *testing.T
	root string
	db   *pgtest.DB
	opts catalog.Options
}

func begin(t *testing.T, sql string) *project {
	t.Helper()
	p := &project{t: t, root: t.TempDir(), db: pgtest.New(t)}
	if _, err := onboard.Init(t.Context(), p.root, onboard.DefaultPaths, false); err != nil {
		t.Fatal(err)
	}
	p.db.Exec(sql)
	return p
}

func (p *project) base() proof.Base {
	p.t.Helper()
	dir, err := migration.Read(os.DirFS(filepath.Join(p.root, "migrations")))
	if err != nil {
		p.t.Fatal(err)
	}
	hcl, err := os.ReadFile(filepath.Join(p.root, "schema.hcl"))
	if err != nil {
		p.t.Fatal(err)
	}
	return proof.Base{Server: pgtest.Server(p.t), Dir: dir, SchemaName: "schema.hcl", Schema: hcl, Options: p.opts}
}

func (p *project) live() *migrator.Migrator {
	return migrator.New(migrator.Config{ConnConfig: p.db.ConnConfig(), Dir: p.base().Dir, Exclude: p.opts.Exclude})
}

func (p *project) baseline(revision string) (*onboard.Baselined, error) {
	p.t.Helper()
	return onboard.Baseline(p.t.Context(), onboard.BaselineConfig{
		Base: p.base(), Live: p.live(), Root: p.root, MigrationsDir: filepath.Join(p.root, "migrations"), Revision: revision, Now: projecttest.Start,
		Start: func(context.Context) (*devdb.Server, error) { return pgtest.Server(p.t), nil },
	})
}

// schemas are whole schemas by their name.
func schemas(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"../plan/schemas_test.txtar", "testdata/corners.txtar"} {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			all[f.Name] = string(f.Data)
		}
	}
	return all
}

func TestBaseline(t *testing.T) {
	pgtest.Dumps(t)
	for name, sql := range schemas(t) {
		if os.Getenv("SCHEMA_TEST_FULL") == "" && name != "corners.sql" && name != "tenants.sql" {
			continue // the others take longer
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := begin(t, sql)
			got, err := p.baseline("")
			if err != nil {
				t.Fatal(err)
			}
			if got.None != "" {
				t.Errorf("irreversible: %s", got.None)
			}
			made, err := plan.Make(t.Context(), plan.Config{Base: p.base()})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range made.Files {
				if !strings.Contains(f.SQL, "VALIDATE") || len(got.Unvalidated) == 0 {
					t.Errorf("planned %s:\n%s", f.Name, f.SQL)
				}
			}
			// The database itself is at the migration.
			m := p.live()
			if _, err := m.Stamp(t.Context(), migrator.StampOptions{To: got.Version}); err != nil {
				t.Fatal(err)
			}
			// An empty one gets the same schema, and loses it again.
			p.db = pgtest.New(t)
			if _, err := p.live().Apply(t.Context(), migrator.Options{}); err != nil {
				t.Fatal(err)
			}
			if _, err := p.live().Down(t.Context(), migrator.Options{Yes: true}); err != nil {
				t.Fatal(err)
			}
			if text := strings.Join(p.catalog().Lines(), "\n"); text != "" {
				t.Errorf("left after down:\n%s", text)
			}
		})
	}
}

func (p *project) catalog() catalog.Catalog {
	p.t.Helper()
	conn, err := p.db.Connect(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	c, err := catalog.Read(p.t.Context(), conn, p.opts)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// What can't become a project is refused with what to do, and then nothing is written.
func TestBaselineRefuses(t *testing.T) {
	pgtest.Dumps(t)
	refused := func(t *testing.T, p *project, want string) {
		t.Helper()
		before := p.files()
		got, err := p.baseline("")
		if err == nil || !strings.Contains(err.Error(), want) || got != nil {
			t.Errorf("got %v, %v; want an error with %q", got, err, want)
		}
		if diff := cmp.Diff(before, p.files()); diff != "" {
			t.Errorf("it wrote:\n%s", diff)
		}
	}
	t.Run("empty", func(t *testing.T) {
		t.Parallel()
		refused(t, begin(t, "SELECT 1"), "the database is empty: declare the schema in schema.hcl, and run `plan`")
	})
	t.Run("invalid index", func(t *testing.T) {
		t.Parallel()
		p := begin(t, "CREATE TABLE t (x int)")
		p.db.CutOff("t", "CREATE INDEX CONCURRENTLY half ON t (x)")
		refused(t, p, "INVALID indexes: public.t.half: drop them with DROP INDEX CONCURRENTLY, or build them with REINDEX INDEX CONCURRENTLY")
	})
	t.Run("journal", func(t *testing.T) {
		t.Parallel()
		p := begin(t, "CREATE TABLE t (x int)")
		p.db.Exec(revision.Store{}.JournalDDL() + "; INSERT INTO atlas_schema_revisions VALUES ('1', 'a', 2, 1, 1, now(), 1, NULL, NULL, 'x', NULL, '')")
		refused(t, p, "its journal atlas_schema_revisions says that 1 migrations were applied")
	})
	t.Run("heads", func(t *testing.T) {
		t.Parallel()
		p := begin(t, revision.Store{}.AlembicDDL(revision.Record{})+"; INSERT INTO alembic_version VALUES ('a'), ('b')")
		refused(t, p, "alembic_version has the rows a, b: merge Alembic's branches first")
	})
	t.Run("superuser", func(t *testing.T) {
		t.Parallel()
		p := begin(t, "CREATE TABLE t (x int); CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
		admin, err := pgtest.Server(t).Admin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close(t.Context())
		cfg := admin.Config()
		cfg.Database = p.db.Name
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), `CREATE EVENT TRIGGER "On end" ON ddl_command_end EXECUTE FUNCTION f()`); err != nil {
			t.Fatal(err)
		}
		refused(t, p, `or, to leave it to others, add "On end[type=event_trigger]" to exclude in atlas.hcl`)
		p.opts.Exclude = []string{"On end[type=event_trigger]"}
		if _, err := p.baseline(""); err != nil {
			t.Fatal(err)
		}
	})
}

// Privileges are carried as far as the role that migrates may grant them. The rest is named, like other roles' objects.
func TestBaselineNamesWhatItLeavesOut(t *testing.T) {
	pgtest.Dumps(t)
	for _, role := range []string{"baseline_reader", "Baseline Owner"} {
		if _, err := pgtest.Server(t).CreateRole(t.Context(), role); err != nil {
			t.Fatal(err)
		}
	}
	p := begin(t, `CREATE TABLE t (x int); CREATE TABLE theirs (x int); ALTER TABLE theirs OWNER TO "Baseline Owner";
GRANT SELECT ON t TO baseline_reader;
SET ROLE "Baseline Owner"; GRANT SELECT ON theirs TO baseline_reader WITH GRANT OPTION;
SET ROLE baseline_reader; GRANT SELECT ON theirs TO PUBLIC; RESET ROLE;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO baseline_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE "Baseline Owner" GRANT SELECT ON TABLES TO PUBLIC;`)
	got, err := p.baseline("")
	if err != nil {
		t.Fatal(err)
	}
	want := []state.Outside{
		{Kind: "owner", Names: []string{"Baseline Owner of 1 relation"}},
		{Kind: "privilege", Names: []string{"SELECT on table public.theirs to PUBLIC", `SELECT on tables to PUBLIC by "Baseline Owner"`}},
	}
	if diff := cmp.Diff(want, got.Uncarried); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"baseline_reader"}, got.Roles); diff != "" {
		t.Error(diff)
	}
	sql := p.files()["migrations/"+got.Name]
	for _, stmt := range []string{"GRANT SELECT ON TABLE public.t TO baseline_reader;", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES"} {
		if !strings.Contains(sql, stmt) {
			t.Errorf("%s isn't in\n%s", stmt, sql)
		}
	}
}

// files returns the project's files.
func (p *project) files() map[string]string {
	p.t.Helper()
	all := map[string]string{}
	if err := fs.WalkDir(os.DirFS(p.root), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, rerr := os.ReadFile(filepath.Join(p.root, name))
			all[name], err = string(text), rerr
		}
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// A baseline that is stopped while it proves the migration says so, not that a statement failed.
func TestBaselineStopped(t *testing.T) {
	pgtest.Dumps(t)
	var sql strings.Builder
	for i := range 50 {
		fmt.Fprintf(&sql, "CREATE TABLE t%d (id int PRIMARY KEY);\n", i)
	}
	p := begin(t, sql.String())
	for _, after := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := onboard.Baseline(ctx, onboard.BaselineConfig{
			Base: p.base(), Live: p.live(), Root: p.root, MigrationsDir: filepath.Join(p.root, "migrations"), Now: projecttest.Start,
			Start: func(context.Context) (*devdb.Server, error) {
				time.AfterFunc(after, cancel)
				return pgtest.Server(t), nil
			},
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("stopped after %s: %v", after, err)
		}
	}
	if files := p.base().Dir.Files(); len(files) > 0 {
		t.Errorf("%d files were written", len(files))
	}
}
