package state

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func parseBody(t *testing.T, src []byte) *hclsyntax.Body {
	t.Helper()
	f, diags := hclsyntax.ParseConfig(src, "schema.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return f.Body.(*hclsyntax.Body)
}

func TestStrictAccepts(t *testing.T) {
	for _, name := range []string{"../../schema.hcl", "../e2e/testdata/second/schema.hcl", "testdata/strict/everything.hcl"} {
		src, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := strict("schema.hcl", parseBody(t, src)); err != nil {
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
	src, err := Inspect(context.Background(), db.ConnConfig(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := strict("schema.hcl", parseBody(t, src)); err != nil {
		t.Errorf("%v\n%s", err, src)
	}
}

func needsNullsNotDistinct(t *testing.T) {
	t.Helper()
	if v := pgtest.Server(t).VersionNum(); v < 150000 {
		t.Skipf("NULLS NOT DISTINCT needs PostgreSQL 15, not %d", v)
	}
}

// Everything that strict lets pass must have an effect. The file holds every attribute
// and block of every shape, and its effect is written down beside it.
func TestStrictShapesHaveEffects(t *testing.T) {
	needsNullsNotDistinct(t)
	ctx := context.Background()
	srv := pgtest.Server(t)
	src, err := os.ReadFile("testdata/strict/everything.hcl")
	if err != nil {
		t.Fatal(err)
	}
	assertUsed(t, "", fileShape, []*hclsyntax.Body{parseBody(t, src)})

	s, err := Desired(ctx, srv, "schema.hcl", src, catalog.Options{})
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

	// What inspection prints for it passes again.
	inspected, err := Inspect(ctx, s.DB.ConnConfig(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := strict("schema.hcl", parseBody(t, inspected)); err != nil {
		t.Errorf("inspected schema:\n%v\n%s", err, inspected)
	}
	again, err := Desired(ctx, srv, "schema.hcl", inspected, catalog.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, inspected)
	}
	again.Close()
}

func assertUsed(t *testing.T, at string, sh *shape, bodies []*hclsyntax.Body) {
	t.Helper()
	attrs, blocks := map[string]bool{}, map[string][]*hclsyntax.Body{}
	for _, body := range bodies {
		for name := range body.Attributes {
			attrs[name] = true
		}
		for _, b := range body.Blocks {
			blocks[b.Type] = append(blocks[b.Type], b.Body)
		}
	}
	for name := range sh.attrs {
		if !attrs[name] {
			t.Errorf("everything.hcl does not show attribute %s%s", at, name)
		}
	}
	for name, child := range sh.blocks {
		if len(blocks[name]) == 0 {
			t.Errorf("everything.hcl does not show block %s%s", at, name)
		}
		assertUsed(t, at+name+".", child, blocks[name])
	}
}

// What strict advises to write instead must be possible.
func TestStrictAdvice(t *testing.T) {
	src := strictHead + `  column "mood" {
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
	s, err := Desired(context.Background(), pgtest.Server(t), "schema.hcl", []byte(src), catalog.Options{})
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
