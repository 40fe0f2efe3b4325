package plan

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// repository returns the config of the project that this package stands in.
func repository(t testing.TB, srv *devdb.Server) Config {
	t.Helper()
	root := filepath.Join("..", "..")
	dir, err := migration.Read(os.DirFS(filepath.Join(root, "migrations")))
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join(root, "schema.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	return Config{Server: srv, Dir: dir, SchemaName: "schema.hcl", Schema: src}
}

// BenchmarkNothing is a plan with nothing to do, on a server that runs.
func BenchmarkNothing(b *testing.B) {
	cfg := repository(b, pgtest.Server(b))
	for b.Loop() {
		p, err := Make(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if len(p.Files) > 0 {
			b.Fatalf("there is something to do:\n%s", p.Files[0].SQL)
		}
	}
}

// BenchmarkNothingCold is the same with the server's start and stop.
func BenchmarkNothingCold(b *testing.B) {
	for b.Loop() {
		srv, err := devdb.Start(context.Background(), devdb.Config{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Make(context.Background(), repository(b, srv)); err != nil {
			b.Fatal(err)
		}
		if err := srv.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkColumnAndIndex is a plan of one column with an index, proofs included, with the
// server's start and stop.
func BenchmarkColumnAndIndex(b *testing.B) {
	for b.Loop() {
		srv, err := devdb.Start(context.Background(), devdb.Config{})
		if err != nil {
			b.Fatal(err)
		}
		cfg := repository(b, srv)
		cfg.Schema = bytes.Replace(cfg.Schema, []byte("table \"results\" {\n  schema = schema.public\n"),
			[]byte(`table "results" {
  schema = schema.public
  column "flaky" {
    type = boolean
    null = true
  }
  index "ix_results_flaky" {
    columns = [column.flaky]
  }
`), 1)
		p, err := Make(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if len(p.Files) != 2 {
			b.Fatalf("%d files", len(p.Files))
		}
		if err := srv.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	cfg := repository(b, pgtest.Server(b))
	for b.Loop() {
		if _, err := Check(context.Background(), cfg); err != nil {
			b.Fatal(err)
		}
	}
}
