package adopt_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// A drifted is a live database that isn't what its directory says.
type drifted struct {
	*testing.T
	db  *pgtest.DB
	cfg adopt.RepairConfig
}

func newDrifted(t *testing.T, dir *migration.Dir, version string) *drifted {
	t.Helper()
	pgtest.Dumps(t)
	d := &drifted{T: t, db: pgtest.New(t)}
	d.cfg = adopt.RepairConfig{
		Live:    migrator.Config{ConnConfig: d.db.ConnConfig(), Dir: dir, OperatorVersion: "test"},
		Version: version,
		Start:   func(context.Context, int) (*devdb.Server, error) { return pgtest.Server(t), nil },
	}
	return d
}

// dir returns a directory with one migration.
func dir(t *testing.T, sql string) *migration.Dir { return dirIn(t, t.TempDir(), sql) }

func dirIn(t *testing.T, root, sql string) *migration.Dir {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, "20240101000000_all.sql"), []byte(sql), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	d, err := migration.Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *drifted) repair() (*adopt.Repaired, error) {
	d.Helper()
	return adopt.Repair(d.Context(), d.cfg)
}

// mustRepair repairs with Yes. The record must be right afterwards, and another repair must find nothing to do.
func (d *drifted) mustRepair() *adopt.Repaired {
	d.Helper()
	d.cfg.Yes = true
	r, err := d.repair()
	if err != nil {
		d.Fatalf("%v\n%s", err, script(r))
	}
	if r.Result == nil || !r.Result.Recorded {
		d.Errorf("nothing is recorded: %+v", r.Result)
	}
	if st, err := migrator.New(d.cfg.Live).Status(d.Context()); err != nil || !st.Clean() && len(st.Invalid) == 0 || len(st.Problems)+len(st.Pending) > 0 {
		d.Errorf("after the repair: %+v, %v", st, err)
	}
	next := *d
	next.cfg.Yes, next.cfg.First = false, nil
	again, err := next.repair()
	if err != nil {
		d.Fatalf("another repair: %v", err)
	}
	if len(again.Scripts) > 0 || len(again.Differences) > 0 {
		d.Errorf("another repair: %v\n%s", textsOf(again.Differences), script(again))
	}
	return r
}

func (d *drifted) query(sql string) (text string) {
	d.Helper()
	conn, err := d.db.Connect(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	defer conn.Close(d.Context()) // a database that is cloned must be idle
	if err := conn.QueryRow(d.Context(), sql).Scan(&text); err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
	return text
}

func (d *drifted) catalog() catalog.Catalog {
	d.Helper()
	c, err := catalog.Read(d.Context(), d.db.Conn(), catalog.Options{})
	if err != nil {
		d.Fatal(err)
	}
	return c
}

func script(r *adopt.Repaired) string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	for _, s := range r.Scripts {
		b.WriteString("-- " + s.Name + "\n" + s.SQL + "\n")
	}
	return b.String()
}

func textsOf(diffs []catalog.Difference) (list []string) {
	for _, d := range diffs {
		list = append(list, d.Text)
	}
	return list
}

func TestRepairDriftedHead(t *testing.T) {
	d := newDrifted(t, ibutsu(t), "head")
	d.db.File("../schematest/testdata/example_drifted_head.sql")
	d.db.File("../schematest/testdata/gen_data.sql", "-v", "n=2000")
	before := d.query(rowsSQL)

	r, err := d.repair()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(script(r))
	if len(r.Differences) == 0 || len(r.Scripts) == 0 || r.Result != nil || len(r.Decisions) > 0 {
		t.Errorf("without -yes: %+v", r)
	}
	d.mustRepair()
	head, err := catalog.At(d.cfg.Live.Dir, len(d.cfg.Live.Dir.Files())-1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := catalog.Diff(head, d.catalog()); len(diff) > 0 {
		t.Error(textsOf(diff))
	}
	if after := d.query(rowsSQL); after != before {
		t.Errorf("the rows changed from %s to %s", before, after)
	}
}

// rowsSQL counts and sums the rows of all of Ibutsu's tables.
const rowsSQL = `
SELECT string_agg(t || ':' || x, ' ' ORDER BY t) FROM (
  SELECT c.relname AS t, (xpath('/row/x/text()', query_to_xml(format('SELECT count(*) || ''/'' || coalesce(md5(string_agg(md5(jsonb_strip_nulls(to_jsonb(t))::text), '''' ORDER BY md5(jsonb_strip_nulls(to_jsonb(t))::text))), '''') AS x FROM %I.%I t', n.nspname, c.relname), false, true, '')))[1]::text AS x
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND n.nspname = 'public' AND c.relname NOT IN ('alembic_version', 'atlas_schema_revisions')) s`
