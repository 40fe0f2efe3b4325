package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// sizes are numbers of files with one statement each.
var sizes = []int{1, 10, 100, 1000}

// peer builds another tool's command from the module in peers.
func (s *setup) peer(pkg, tags string) string {
	s.b.Helper()
	path := filepath.Join(s.b.TempDir(), filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-tags", tags, "-o", path, pkg)
	cmd.Dir = "peers"
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as in their releases
	if out, err := cmd.CombinedOutput(); err != nil {
		s.b.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	return path
}

// write writes a file in a folder.
func write(b *testing.B, dir, name, text string) {
	b.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// directories writes the same n migrations for each tool.
func (s *setup) directories(n int) (dir string) {
	s.b.Helper()
	dir = s.b.TempDir()
	write(s.b, dir, "ours/schema.hcl", "schema \"public\" {\n}\n")
	write(s.b, dir, "ours/atlas.hcl", `env "prod" {
  src = "file://schema.hcl"
  url = getenv("DATABASE_URL")
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}
`)
	for i := range n {
		name := fmt.Sprintf("%d_t%d", 20240101000000+i, i)
		sql := fmt.Sprintf("CREATE TABLE t%d (id int);\n", i)
		write(s.b, dir, "ours/migrations/"+name+".sql", sql)
		write(s.b, dir, "goose/"+name+".sql", "-- +goose Up\n"+sql)
		write(s.b, dir, "migrate/"+name+".up.sql", sql)
		write(s.b, dir, "psql/"+name+".sql", "BEGIN;\n"+sql+"COMMIT;\n")
	}
	s.run(filepath.Join(dir, "ours"), nil, s.tool, "rehash")
	return dir
}

// BenchmarkApplyFiles applies files of one statement to an empty database, and then again with nothing to do, and
// compares with goose, golang-migrate and psql.
//
// fsync is on, so that commits wait for the disk as in production.
func BenchmarkApplyFiles(b *testing.B) {
	s := newSetup(b)
	durable(b, s)
	goose := s.peer("github.com/pressly/goose/v3/cmd/goose", "no_clickhouse no_libsql no_mssql no_mysql no_sqlite3 no_vertica no_ydb no_turso no_spanner no_starrocks no_duckdb")
	migrate := s.peer("github.com/golang-migrate/migrate/v4/cmd/migrate", "pgx5")
	for _, n := range sizes {
		dir := s.directories(n)
		tools := []struct {
			name string
			run  func(dbURL string) time.Duration
		}{
			{"ours", func(u string) time.Duration {
				return s.run(filepath.Join(dir, "ours"), []string{"DATABASE_URL=" + u}, s.tool, "apply")
			}},
			{"goose", func(u string) time.Duration { return s.run(dir, nil, goose, "-dir", "goose", "postgres", u, "up") }},
			{"golang-migrate", func(u string) time.Duration {
				return s.run(dir, nil, migrate, "-path", "migrate", "-database", "pgx5"+strings.TrimPrefix(u, "postgres"), "up")
			}},
			{"psql", func(u string) time.Duration {
				args := []string{"-c", `for f in psql/*.sql; do psql -qX -v ON_ERROR_STOP=1 -d "$0" -f "$f" || exit 1; done`, u}
				return s.run(dir, nil, append([]string{"sh"}, args...)...)
			}},
		}
		// In turns, so that the machine's other load affects all alike.
		b.Run(fmt.Sprintf("%d", n), func(b *testing.B) {
			fresh, again := make(map[string][]time.Duration), make(map[string][]time.Duration)
			for range b.N {
				for _, t := range tools {
					if t.name == "psql" && n > 100 {
						continue // it needs a process for each file
					}
					s.on(func(u string) time.Duration {
						fresh[t.name] = append(fresh[t.name], t.run(u))
						if t.name != "psql" {
							for range 3 {
								again[t.name] = append(again[t.name], t.run(u))
							}
						}
						return 0
					})
				}
			}
			b.ReportMetric(0, "ns/op")
			for _, t := range tools {
				if len(fresh[t.name]) > 0 {
					b.ReportMetric(middle(fresh[t.name]), t.name+"-ms")
				}
				if len(again[t.name]) > 0 {
					b.ReportMetric(middle(again[t.name]), t.name+"-nothing-ms")
				}
			}
			b.ReportMetric(middle(fresh["ours"])/middle(fresh["goose"]), "ours/goose")
			b.ReportMetric(middle(again["ours"])/middle(again["goose"]), "ours/goose-nothing")
		})
	}
}

// durable makes the throwaway server wait for its disk.
func durable(b *testing.B, s *setup) {
	b.Helper()
	ctx := context.Background()
	admin, err := s.server.Admin(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer admin.Close(ctx)
	for _, sql := range []string{"ALTER SYSTEM SET fsync = on", "ALTER SYSTEM SET synchronous_commit = on", "ALTER SYSTEM SET full_page_writes = on", "SELECT pg_reload_conf()"} {
		if _, err := admin.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(200 * time.Millisecond)
}

// middle is the median in milliseconds.
func middle(took []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(took))
	return float64(sorted[len(sorted)/2].Microseconds()) / 1000
}
