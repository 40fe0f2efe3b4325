package plan

import (
	"bytes"
	"context"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
)

func config(t testing.TB, srv *devdb.Server) Config {
	t.Helper()
	return Config{Base: projecttest.Repository(t, srv)}
}

// BenchmarkNothing plans when there is nothing to do, on a running server.
func BenchmarkNothing(b *testing.B) {
	cfg := config(b, pgtest.Server(b))
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

// BenchmarkNothingCold includes the server's start and stop.
func BenchmarkNothingCold(b *testing.B) {
	for b.Loop() {
		srv, err := devdb.Start(context.Background(), devdb.Config{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Make(context.Background(), config(b, srv)); err != nil {
			b.Fatal(err)
		}
		if err := srv.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkColumnAndIndex plans a column with an index, including proofs and the server's start and stop.
func BenchmarkColumnAndIndex(b *testing.B) {
	for b.Loop() {
		srv, err := devdb.Start(context.Background(), devdb.Config{})
		if err != nil {
			b.Fatal(err)
		}
		cfg := config(b, srv)
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
