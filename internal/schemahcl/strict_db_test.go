package schemahcl_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestStrictAccepts(t *testing.T) {
	for _, name := range []string{"../../schema.hcl", "../e2e/testdata/second/schema.hcl", "testdata/strict/everything.hcl"} {
		src, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := schemahcl.Strict(schemahcl.ParseBody(t, src)); err != nil {
			t.Errorf("%s:\n%v", name, err)
		}
	}
}

func TestStrictAcceptsInspected(t *testing.T) {
	needsNullsNotDistinct(t)
	sql, err := os.ReadFile("testdata/strict/live.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t)
	db.Exec(string(sql))
	src, err := state.Inspect(context.Background(), db.ConnConfig(), catalog.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := schemahcl.Strict(schemahcl.ParseBody(t, src)); err != nil {
		t.Errorf("%v\n%s", err, src)
	}
}

func needsNullsNotDistinct(t *testing.T) {
	t.Helper()
	if v := pgtest.Server(t).VersionNum(); v < 150000 {
		t.Skipf("NULLS NOT DISTINCT needs PostgreSQL 15, not %d", v)
	}
}

// Everything that strict accepts must have an effect. everything.hcl contains every attribute and block of every shape,
// and the file next to it the resulting catalog.
func TestStrictShapesHaveEffects(t *testing.T) {
	needsNullsNotDistinct(t)
	ctx := context.Background()
	srv := pgtest.Server(t)
	src, err := os.ReadFile("testdata/strict/everything.hcl")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	addUsed(used, "", schemahcl.ParseBody(t, src))
	for _, path := range schemahcl.Paths() {
		if !used[path] {
			t.Errorf("everything.hcl does not show %s", path)
		}
	}

	s, err := state.Desired(ctx, srv, "schema.hcl", src, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want, err := os.ReadFile("testdata/strict/everything.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), strings.Join(s.Catalog.Lines(), "\n")+"\n"); diff != "" {
		t.Errorf("catalog (-want +got):\n%s", diff)
	}

	// strict accepts the inspected file.
	inspected, err := state.Inspect(ctx, s.DB.ConnConfig(), catalog.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := schemahcl.Strict(schemahcl.ParseBody(t, inspected)); err != nil {
		t.Errorf("inspected schema:\n%v\n%s", err, inspected)
	}
	again, err := state.Desired(ctx, srv, "schema.hcl", inspected, catalog.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, inspected)
	}
	again.Close()
}

func addUsed(used map[string]bool, at string, body *hclsyntax.Body) {
	for name := range body.Attributes {
		used[at+name] = true
	}
	for _, b := range body.Blocks {
		used[at+b.Type] = true
		addUsed(used, at+b.Type+".", b.Body)
	}
}

// Tests in other packages read the paths from a file.
func TestPaths(t *testing.T) {
	want, err := os.ReadFile("testdata/strict/paths.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), strings.Join(schemahcl.Paths(), "\n")+"\n"); diff != "" {
		t.Errorf("testdata/strict/paths.txt (-want +got):\n%s", diff)
	}
}

// strict's advice works.
func TestStrictAdvice(t *testing.T) {
	src := testcase.TableHCL + `  column "mood" {
    type = sql("\"public\".\"my mood\"")
  }
  column "code" {
    type = sql("text COLLATE \"C\"")
  }
  index "i" {
    on {
      expr = "code COLLATE \"POSIX\""
    }
  }
}
enum "my mood" {
  schema = schema.public
  values = ["good"]
}
`
	s, err := state.Desired(context.Background(), pgtest.Server(t), "schema.hcl", []byte(src), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := s.Catalog.String()
	for _, want := range []string{
		`column public.t.mood: public."my mood" not null`,
		`column public.t.code: text collate "C" not null`,
		`CREATE INDEX i ON public.t USING btree (code COLLATE "POSIX")`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}
