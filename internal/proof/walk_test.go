package proof_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// longHistory returns a project with two whole segments and two more migrations, which is proven, and a server for
// commands on it, with its own cache.
func longHistory(t *testing.T) (*project, *devdb.Server) {
	t.Helper()
	pgtest.Server(t) // it outlives this test's cache
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	p := newProject(t)
	files := nTables(2*proof.SegmentLength + 2)
	files["done/"+nthName(3)] = "SELECT NOT EXISTS (SELECT FROM t03)\n"
	p.Write(files)
	p.HCL = nTablesHCL(2*proof.SegmentLength + 2)
	srv := p.server()
	if err := history.Rehash(context.Background(), p.on(srv), p.Root); err != nil {
		t.Fatal(err)
	}
	if _, skipped := p.check(srv); skipped != nil {
		t.Errorf("the first check skipped the segments %d", skipped)
	}
	if _, skipped := p.check(srv); !slices.Equal(skipped, []int{0, 1}) {
		t.Errorf("the second check skipped the segments %d", skipped)
	}
	return p, srv
}

// nTables returns n migrations that create a table each, with their down files.
func nTables(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[nthName(i)] = fmt.Sprintf("CREATE TABLE t%02d (\n  id bigint\n);\n", i)
		files["down/"+nthName(i)] = fmt.Sprintf("DROP TABLE t%02d;\n", i)
	}
	return files
}

// writeSlow writes nTables, which now take long enough for the state to be stored.
func (p *project) writeSlow(n int) {
	p.T.Helper()
	files := nTables(n)
	files[nthName(0)] += "\nSELECT pg_sleep(0.2);\n"
	p.Write(files)
	p.HCL = nTablesHCL(n)
}

func nthName(i int) string { return fmt.Sprintf("2026010100%02d00_t%02d.sql", i, i) }

func nTablesHCL(n int) []byte {
	var b strings.Builder
	b.WriteString("schema \"public\" {\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "table \"t%02d\" {\n  schema = schema.public\n  column \"id\" {\n    type = bigint\n    null = true\n  }\n}\n", i)
	}
	return []byte(b.String())
}

// server starts a server as the command check does.
func (p *project) server() *devdb.Server {
	p.T.Helper()
	srv, err := devdb.Start(context.Background(), devdb.Config{States: proof.StartStates(p.Base().Dir), Log: func(format string, args ...any) { p.T.Errorf("log: "+format, args...) }})
	if err != nil {
		p.T.Fatal(err)
	}
	p.T.Cleanup(func() { srv.Close() })
	return srv
}

func (p *project) on(srv *devdb.Server) proof.Base {
	p.T.Helper()
	base := p.Base()
	base.Server = srv
	return base
}

// check returns what is found, and which segments were skipped.
func (p *project) check(srv *devdb.Server) (found []string, skipped []int) {
	p.T.Helper()
	return p.checkWith(p.on(srv))
}

func (p *project) checkWith(base proof.Base) (found []string, skipped []int) {
	p.T.Helper()
	w := proof.NewWalk(base)
	w.SkipProven(w.Checkpoints())
	r, err := history.Check(context.Background(), base)
	if err != nil {
		return []string{err.Error()}, nil
	}
	for _, f := range r.Findings {
		found = append(found, fmt.Sprintf("%s %s", f.Kind, f.File))
	}
	return found, w.Skipped()
}

// A change since the last check is found whatever is remembered, and what didn't change is not proven again.
func TestCheckKnowsUnchanged(t *testing.T) {
	p, srv := longHistory(t)
	const n = 2*proof.SegmentLength + 2
	early, later, last := nthName(3), nthName(proof.SegmentLength+3), nthName(n-1)
	whole := p.Files()
	for _, tt := range []struct {
		name    string
		change  func(base *proof.Base)
		want    []string
		skipped []int
	}{
		{"nothing", func(*proof.Base) {}, nil, []int{0, 1}},
		{"a down file", func(*proof.Base) { p.Edit("down/"+early, "DROP", "-- DROP") }, []string{"down down/" + early}, []int{1}},
		{"a down file that is gone", func(*proof.Base) { p.Remove("down/" + later) }, []string{"down down/" + later}, []int{0}},
		{"the last down file", func(*proof.Base) { p.Edit("down/"+last, "DROP", "-- DROP") }, []string{"down down/" + last}, []int{0, 1}},
		{"an effect", func(*proof.Base) { p.Edit(effect(early), "bigint", "text") }, []string{"effect " + effect(early)}, []int{1}},
		{"an effect that is gone", func(*proof.Base) { p.Remove(effect(later)) }, []string{"effect " + effect(later)}, []int{0}},
		{"a query", func(*proof.Base) { p.Edit("done/"+early, "t03", "t04") }, []string{"done done/" + early}, []int{1}},
		{"a migration", func(*proof.Base) { p.Edit(later, "bigint", "text") }, []string{"effect " + effect(later), "plan "}, []int{0}},
		{"an early migration", func(*proof.Base) { p.Edit(early, "bigint", "text") }, []string{"effect " + effect(early), "plan "}, nil},
		{"what is left out", func(base *proof.Base) { base.Options = catalog.Options{Exclude: []string{"public.t05"}} },
			[]string{"effect " + effect(nthName(5))}, nil},
		// A segment's down files run on the state after its last migration, so that rows of a later segment don't
		// exist, whether or not that is in the directory.
		{"a down file that rows would stop", func(*proof.Base) {
			p.Edit("down/"+early, "DROP TABLE", "ALTER TABLE t03 ADD CHECK (id > 1);\nDROP TABLE")
			p.Edit(last, ");\n", ");\n\nINSERT INTO t03 VALUES (1);\n")
		}, nil, []int{1}},
		{"the schema file", func(base *proof.Base) { base.Schema = nTablesHCL(n - 1) }, []string{"plan "}, []int{0, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer p.Write(whole)
			base := p.on(srv)
			tt.change(&base)
			p.Write(nil)
			base.Dir = p.Base().Dir
			got, skipped := p.checkWith(base)
			if !slices.Equal(skipped, tt.skipped) {
				t.Errorf("skipped the segments %d, want %d", skipped, tt.skipped)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var cold []string
			proof.As("", errors.New("unknown"), func() { cold, skipped = p.checkWith(base) })
			if diff := cmp.Diff(got, cold); diff != "" || skipped != nil {
				t.Errorf("without remembered facts it skipped the segments %d and found (-with +without):\n%s", skipped, diff)
			}
		})
	}
	if got, skipped := p.check(srv); got != nil || !slices.Equal(skipped, []int{0, 1}) {
		t.Errorf("after all that: %q, skipped the segments %d", got, skipped)
	}
	proof.As("another program", nil, func() {
		if _, skipped := p.check(srv); skipped != nil {
			t.Errorf("another program skipped the segments %d", skipped)
		}
	})

	// Errors are found again, and a damaged file is not remembered as proven.
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "*", "facts-*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[3]++
	if err := os.WriteFile(files[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Edit("down/"+early, "DROP", "-- DROP")
	p.Write(nil)
	for _, want := range [][]int{nil, {1}} {
		if got, skipped := p.check(srv); !slices.Equal(got, []string{"down down/" + early}) || !slices.Equal(skipped, want) {
			t.Errorf("found %q, skipped the segments %d, want %d", got, skipped, want)
		}
	}
}

func effect(name string) string { return "effect/" + strings.TrimSuffix(name, ".sql") + ".txt" }

// A command starts from the state after the last whole segment, also when there are new files.
func TestCheckBeginsBehindWholeLegs(t *testing.T) {
	pgtest.Server(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	p := newProject(t)
	const last = 2*proof.SegmentLength - 1
	for i, n := range []int{proof.SegmentLength, proof.SegmentLength + 1, last} {
		p.writeSlow(n)
		srv := p.server()
		if err := history.Rehash(context.Background(), p.on(srv), p.Root); err != nil {
			t.Fatal(err)
		}
		found, skipped := p.check(srv)
		if found != nil || (srv.State() != "") != (i > 0) || len(skipped) != min(i, 1) {
			t.Errorf("%d files: found %q, skipped the segments %d, began with %q", n, found, skipped, srv.State())
		}
		if err := srv.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p.Edit("down/"+nthName(last-1), "DROP", "-- DROP")
	p.Write(nil)
	if found, _ := p.check(p.server()); !slices.Equal(found, []string{"down down/" + nthName(last-1)}) {
		t.Errorf("found %q", found)
	}
}

func TestCheckTwoAtOnce(t *testing.T) {
	pgtest.Server(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	p := newProject(t)
	p.writeSlow(proof.SegmentLength)
	srvs := []*devdb.Server{p.server(), p.server()}
	if err := history.Rehash(context.Background(), p.on(srvs[0]), p.Root); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, srv := range srvs {
		base := p.on(srv)
		wg.Go(func() {
			if found, _ := p.checkWith(base); found != nil {
				t.Errorf("found %q", found)
			}
			if err := srv.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	srv := p.server()
	if found, skipped := p.check(srv); found != nil || !slices.Equal(skipped, []int{0}) || srv.State() == "" {
		t.Errorf("found %q, skipped the segments %d, began with %q", found, skipped, srv.State())
	}
}

func TestRehashMeasuresWhatChanged(t *testing.T) {
	p, srv := longHistory(t)
	want := p.Files()
	early, later := nthName(3), nthName(proof.SegmentLength+3)
	p.Edit(effect(early), "bigint", "text")
	p.Remove(effect(later))
	p.Edit("down/"+later, "DROP", "-- x\nDROP")
	want["down/"+later] = p.Files()["down/"+later]
	if err := history.Rehash(context.Background(), p.on(srv), p.Root); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, p.Files()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p.Edit(early, "bigint", "text")
	if err := history.Rehash(context.Background(), p.on(srv), p.Root); err != nil {
		t.Fatal(err)
	}
	if got := p.Files()[effect(early)]; !strings.Contains(got, "+ column public.t03.id: text\n") {
		t.Errorf("the effect of an edited file:\n%s", got)
	}
	w := proof.NewWalk(p.on(srv))
	w.SkipMeasured()
	if !slices.Equal(w.Skipped(), []int{0, 1}) {
		t.Error("after rehash the effects of whole segments are not remembered, or those of another one are")
	}
}
