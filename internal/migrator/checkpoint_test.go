package migrator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

const checkpointName = "20240103120000_all.sql"

// withCheckpoint returns shop's directory with a checkpoint before its last file.
func withCheckpoint(t *testing.T) *migration.Dir {
	t.Helper()
	root := write(t, shop)
	effects := make(map[string]string)
	for _, f := range dir(t, shop...).Files() {
		effects[f.Name], _ = f.Effect()
	}
	for name, text := range map[string]string{
		checkpointName: `-- atlas:checkpoint

SELECT pg_catalog.set_config('search_path', '', true);
CREATE TABLE public.orders (id int PRIMARY KEY, note text, total int);
CREATE TABLE public.items (id int PRIMARY KEY, order_id int REFERENCES public.orders);
`,
		"down/" + checkpointName: "-- alembic:down none it is a checkpoint\n\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := migration.Rehash(t.Context(), root, effects); err != nil {
		t.Fatal(err)
	}
	return read(t, root)
}

// An empty database starts from the checkpoint; others ignore it. At the same position both have the same revision id
// and schema.
func TestCheckpoint(t *testing.T) {
	d := withCheckpoint(t)
	fresh := setup(t, d)
	if got := versions(fresh.status().Pending); !cmp.Equal(got, []string{"20240103120000", "20240104000000"}) {
		t.Errorf("pending on an empty database: %v", got)
	}
	res := fresh.mustApply(migrator.Options{N: 1})
	if got := ran(res.Ran); !cmp.Equal(got, []string{"20240103120000"}) || res.Revision != "ccc333" || res.Target != "20240103000000" {
		t.Errorf("applied %v to %s, %s", got, res.Target, res.Revision)
	}

	old := setup(t, dir(t, shop[:3]...))
	old.mustApply(migrator.Options{})
	old.cfg.Dir = d
	for name, b := range map[string]*bench{"fresh": fresh, "old": old} {
		if got := b.alembic(); got != "ccc333" {
			t.Errorf("%s: alembic_version holds %s", name, got)
		}
		st := b.status()
		if got := versions(st.Pending); st.Current != "20240103000000" || !st.Clean() || st.Settle != "" || !cmp.Equal(got, []string{"20240104000000"}) {
			t.Errorf("%s: at %s, pending %v, %v, %q", name, st.Current, got, st.Problems, st.Settle)
		}
		if (st.Checkpoint != nil) != (name == "fresh") {
			t.Errorf("%s: started from %v", name, st.Checkpoint)
		}
	}
	if got := fresh.query("SELECT string_agg(version || ' ' || applied || '/' || total || ' ' || type, ',' ORDER BY version) FROM atlas_schema_revisions"); got != "20240103120000 3/3 2" {
		t.Errorf("the journal holds %s", got)
	}
	if d := cmp.Diff(snapshot(t, old.db.Conn()).Lines(), snapshot(t, fresh.db.Conn()).Lines()); d != "" {
		t.Errorf("the schemas differ:\n%s", d)
	}

	for name, b := range map[string]*bench{"fresh": fresh, "old": old} {
		res := b.mustApply(migrator.Options{})
		if got := ran(res.Ran); !cmp.Equal(got, []string{"20240104000000"}) || res.Settled != "" || b.alembic() != "ddd444" {
			t.Errorf("%s: applied %v, settled %q, at %s", name, got, res.Settled, b.alembic())
		}
		if res := b.mustApply(migrator.Options{}); len(res.Ran) > 0 {
			t.Errorf("%s: once more %v", name, ran(res.Ran))
		}
		down, err := b.down(migrator.Options{})
		if err != nil || !cmp.Equal(ran(down.Ran), []string{"20240104000000"}) || b.alembic() != "ccc333" {
			t.Errorf("%s: reverted %v, %v, at %s", name, ran(down.Ran), err, b.alembic())
		}
	}

	// Only a database that ran the migrations before the checkpoint can be reverted beyond it.
	before := fresh.everything()
	for _, opts := range []migrator.Options{{}, {To: "bbb222"}, {To: "base", Yes: true}} {
		_, err := fresh.down(opts)
		want := "this database started from the checkpoint 20240103120000_all.sql, which stands for all migrations up to 20240103000000: it never ran those, and they can't be reverted"
		if err == nil || err.Error() != want {
			t.Errorf("%+v: error %v", opts, err)
		}
	}
	fresh.same(before)
	if down, err := old.down(migrator.Options{To: "base", Yes: true}); err != nil || len(down.Ran) != 3 {
		t.Errorf("reverted %v, %v", ran(down.Ran), err)
	}
}

// For a target before the checkpoint, the migrations run. For one at or after it, the checkpoint runs.
func TestCheckpointAndTarget(t *testing.T) {
	d := withCheckpoint(t)
	for to, want := range map[string][]string{
		"bbb222":         {"20240101000000", "20240102000000"},
		"ccc333":         {"20240103120000"},
		"20240103120000": {"20240103120000"},
		"head":           {"20240103120000", "20240104000000"},
	} {
		b := setup(t, d)
		if got := ran(b.mustApply(migrator.Options{To: to}).Ran); !cmp.Equal(got, want) {
			t.Errorf("-to=%s applied %v, want %v", to, got, want)
		}
	}
	b := setup(t, d)
	if got := ran(b.mustApply(migrator.Options{N: 2}).Ran); !cmp.Equal(got, []string{"20240103120000", "20240104000000"}) {
		t.Errorf("-n=2 applied %v", got)
	}
	b = setup(t, d)
	script := b.mustApply(migrator.Options{DryRun: true}).Script
	if !strings.Contains(script, "-- "+checkpointName+"\n") || strings.Contains(script, "_shop.sql") {
		t.Errorf("the script is\n%s", script)
	}
}

// Of two checkpoints an empty database uses the later one. A database that started from the earlier one continues.
func TestTwoCheckpoints(t *testing.T) {
	d := withCheckpoint(t)
	b := setup(t, d)
	b.mustApply(migrator.Options{N: 1})
	root := t.TempDir()
	for _, f := range append(append([]*migration.File{}, d.Files()...), d.Checkpoints()[0].File) {
		writeFile(t, filepath.Join(root, f.Name), f.SQL)
	}
	const second = "20240105000000_again.sql"
	writeFile(t, filepath.Join(root, second), strings.Replace(d.Checkpoints()[0].SQL, "order_id int", "price int, order_id int", 1)+
		"CREATE INDEX ix_orders_total ON public.orders (total);\nCREATE INDEX ix_items_price ON public.items ((price + 1)) WHERE price > 0;\n")
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	b.cfg.Dir = read(t, root)
	if got := ran(b.mustApply(migrator.Options{}).Ran); !cmp.Equal(got, []string{"20240104000000"}) {
		t.Errorf("after the first: applied %v", got)
	}
	fresh := setup(t, b.cfg.Dir)
	if got := ran(fresh.mustApply(migrator.Options{}).Ran); !cmp.Equal(got, []string{"20240105000000"}) || fresh.alembic() != "ddd444" {
		t.Errorf("from the second: applied %v", got)
	}
	if d := cmp.Diff(snapshot(t, b.db.Conn()).Lines(), snapshot(t, fresh.db.Conn()).Lines()); d != "" {
		t.Errorf("the schemas differ:\n%s", d)
	}
}

func TestCheckpointRecord(t *testing.T) {
	d := withCheckpoint(t)
	t.Run("stamp", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 1})
		ctx := context.Background()
		journal := func(want string) {
			t.Helper()
			if got := b.query("SELECT string_agg(version, ' ' ORDER BY version) FROM atlas_schema_revisions"); got != want {
				t.Errorf("the journal holds %s, want %s", got, want)
			}
		}
		if _, err := b.m().Stamp(ctx, migrator.StampOptions{To: "ddd444", Yes: true}); err != nil {
			t.Fatal(err)
		}
		journal("20240103120000 20240104000000")
		if st := b.status(); st.Current != "20240104000000" || !st.Clean() {
			t.Errorf("at %s, %v", st.Current, st.Problems)
		}
		// A position before the checkpoint is recorded as migrations.
		if _, err := b.m().Stamp(ctx, migrator.StampOptions{To: "bbb222", Yes: true}); err != nil {
			t.Fatal(err)
		}
		journal("20240101000000 20240102000000")
		if st := b.status(); st.Current != "20240102000000" || st.Checkpoint != nil {
			t.Errorf("at %s, %v", st.Current, st.Problems)
		}
	})
	t.Run("edited", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{})
		root := t.TempDir()
		for _, f := range append(append([]*migration.File{}, d.Files()...), d.Checkpoints()[0].File) {
			writeFile(t, filepath.Join(root, f.Name), strings.Replace(f.SQL, "note text, total", "note text, /* ! */ total", 1))
		}
		if err := migration.Rehash(t.Context(), root, nil); err != nil {
			t.Fatal(err)
		}
		b.cfg.Dir = read(t, root)
		var p *revision.Problem
		if _, err := b.apply(migrator.Options{}); !errors.As(err, &p) || p.Kind != revision.Edited || p.Version != "20240103120000" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("half", func(t *testing.T) {
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 1})
		b.query("UPDATE atlas_schema_revisions SET applied = 1 RETURNING version")
		var p *revision.Problem
		if _, err := b.apply(migrator.Options{}); !errors.As(err, &p) || p.Kind != revision.HalfOld {
			t.Errorf("error %v", err)
		}
	})
	t.Run("alembic is older", func(t *testing.T) {
		// As the Atlas CLI leaves the record, because it does not know alembic_version.
		b := setup(t, d)
		b.mustApply(migrator.Options{})
		b.query("DELETE FROM alembic_version RETURNING version_num")
		res := b.mustApply(migrator.Options{})
		if b.alembic() != "ddd444" || res.Settled == "" {
			t.Errorf("at %s, settled %q", b.alembic(), res.Settled)
		}
		if st := b.status(); st.Checkpoint == nil || !st.Clean() {
			t.Errorf("%v", st.Problems)
		}
	})
	t.Run("ahead", func(t *testing.T) {
		// The application is rolled back to a release before the checkpoint.
		b := setup(t, d)
		b.mustApply(migrator.Options{N: 1})
		b.cfg.Dir = dir(t, shop[:3]...)
		res := b.mustApply(migrator.Options{})
		if len(res.Ran) > 0 || !cmp.Equal(res.Ahead, []string{"20240103120000"}) || res.Revision != "ccc333" {
			t.Errorf("applied %v, ahead %v, at %s", ran(res.Ran), res.Ahead, res.Revision)
		}
		if st := b.status(); st.Current != "20240103000000" || len(st.Pending) > 0 || !st.Clean() {
			t.Errorf("at %s, %v", st.Current, st.Problems)
		}
	})
	t.Run("fails", func(t *testing.T) {
		// A checkpoint that fails in the middle leaves nothing.
		b := setup(t, d)
		root := t.TempDir()
		for _, f := range append(append([]*migration.File{}, d.Files()...), d.Checkpoints()[0].File) {
			writeFile(t, filepath.Join(root, f.Name), f.SQL)
		}
		writeFile(t, filepath.Join(root, checkpointName), d.Checkpoints()[0].SQL+"SELECT 1/0;\n")
		if err := migration.Rehash(t.Context(), root, nil); err != nil {
			t.Fatal(err)
		}
		b.cfg.Dir = read(t, root)
		var failed *migrator.StmtError
		if _, err := b.apply(migrator.Options{}); !errors.As(err, &failed) || failed.File != checkpointName {
			t.Errorf("error %v", err)
		}
		if got := snapshot(t, b.db.Conn()).Lines(); len(got) != len(snapshot(t, setup(t, d).db.Conn()).Lines()) {
			t.Errorf("left: %v", got)
		}
	})
}

func versions(files []*migration.File) (vs []string) {
	for _, f := range files {
		vs = append(vs, f.Version)
	}
	return vs
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
