package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// journal is the journal for Atlas's executor, which `atlas migrate status` and `apply` ask
// what is pending. (The CLI itself that can be built here is older than checkpoints.)
type journal struct {
	store revision.Store
	conn  *pgx.Conn
}

func (j journal) Ident() *migrate.TableIdent {
	return &migrate.TableIdent{Name: "atlas_schema_revisions", Schema: "public"}
}

func (j journal) ReadRevisions(ctx context.Context) ([]*migrate.Revision, error) {
	rec, err := j.store.Read(ctx, j.conn)
	return rec.Journal, err
}

func (j journal) ReadRevision(ctx context.Context, version string) (*migrate.Revision, error) {
	all, err := j.ReadRevisions(ctx)
	for _, r := range all {
		if r.Version == version {
			return r, err
		}
	}
	return nil, errors.Join(err, migrate.ErrRevisionNotExist)
}

func (j journal) WriteRevision(ctx context.Context, r *migrate.Revision) error {
	return j.store.Put(ctx, j.conn, r)
}

func (j journal) DeleteRevision(ctx context.Context, version string) error {
	return j.store.Delete(ctx, j.conn, version)
}

// executor returns Atlas's executor on a folder of migrations and a database.
func executor(t *testing.T, folder, url string) *migrate.Executor {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	pool := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { pool.Close() })
	driver, err := postgres.Open(pool)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := migrate.NewLocalDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	ex, err := migrate.NewExecutor(driver, dir, journal{conn: connect(t, url)}, migrate.WithAllowDirty(true))
	if err != nil {
		t.Fatal(err)
	}
	return ex
}

// pending returns the names of the files that Atlas considers pending.
func pending(t *testing.T, ex *migrate.Executor) []string {
	t.Helper()
	files, err := ex.Pending(context.Background())
	if err != nil && !errors.Is(err, migrate.ErrNoPendingFiles) {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Desc())
	}
	return names
}

func TestAtlasReadsCheckpoints(t *testing.T) {
	dir := t.TempDir()
	copyProject(t, dir)
	run := func(url string, args ...string) string {
		t.Helper()
		cmd := exec.Command(tool, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DATABASE_URL="+url, "NO_COLOR=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("mage %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	old, fresh, theirs := pgtest.New(t), pgtest.New(t), pgtest.New(t)
	run(old.URL, "apply")
	run("", "checkpoint", "-name=all")
	run(fresh.URL, "apply")
	folder := filepath.Join(dir, "migrations")

	check := func(when string, want ...string) {
		t.Helper()
		for name, url := range map[string]string{"old": old.URL, "fresh": fresh.URL} {
			if diff := cmp.Diff(want, pending(t, executor(t, folder, url))); diff != "" {
				t.Errorf("%s, Atlas finds pending on the %s database:\n%s", when, name, diff)
			}
		}
		oldID, _ := record(t, old.URL)
		freshID, _ := record(t, fresh.URL)
		if diff := cmp.Diff(oldID, freshID); diff != "" {
			t.Errorf("%s, alembic_version of the two databases:\n%s", when, diff)
		}
	}
	check("with the checkpoint")
	run("", "new", "-name=more")
	fillIn(t, filepath.Join(dir, "migrations"), "more")
	run("", "rehash")
	check("with one more file", "more")

	// Atlas itself starts an empty database from it, and we continue.
	store := revision.Store{}
	conn := connect(t, theirs.URL)
	if err := store.Create(context.Background(), conn, revision.Record{}); err != nil {
		t.Fatal(err)
	}
	ex := executor(t, folder, theirs.URL)
	if diff := cmp.Diff([]string{"all", "more"}, pending(t, ex)); diff != "" {
		t.Errorf("Atlas finds pending on an empty database:\n%s", diff)
	}
	if err := ex.ExecuteN(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{theirs.URL, old.URL, fresh.URL} {
		run(url, "apply")
		if out := run(url, "status"); !strings.Contains(out, "_more, the head: nothing is pending") {
			t.Errorf("status prints:\n%s", out)
		}
	}
	check("applied")
	id, rows := record(t, theirs.URL)
	freshID, freshRows := record(t, fresh.URL)
	if !cmp.Equal(id, freshID) || !cmp.Equal(rows, freshRows) {
		t.Errorf("Atlas's start: %v %v; ours: %v %v", id, rows, freshID, freshRows)
	}
}
