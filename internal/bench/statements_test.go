package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkApplyStatements applies a file of cheap statements that commit one by one. Each size is twice the one
// before: the time should double, too.
//
// fsync is on, so that commits wait for the disk as in production.
func BenchmarkApplyStatements(b *testing.B) {
	s := newSetup(b)
	durable(b, s)
	for _, n := range []int{1250, 2500, 5000, 10000} {
		dir := b.TempDir()
		write(b, dir, "schema.hcl", "schema \"public\" {\n}\n")
		write(b, dir, "atlas.hcl", `env "prod" {
  src = "file://schema.hcl"
  url = getenv("DATABASE_URL")
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}
`)
		var sql strings.Builder
		sql.WriteString("-- atlas:txmode none\n\nCREATE TABLE t (id int);\n")
		for i := range n - 1 {
			fmt.Fprintf(&sql, "INSERT INTO t VALUES (%d);\n", i)
		}
		write(b, dir, "migrations/20240101000000_t.sql", sql.String())
		s.run(dir, nil, s.tool, "rehash")
		median(b, fmt.Sprint(n), func() time.Duration {
			return s.on(func(u string) time.Duration {
				return s.run(dir, []string{"DATABASE_URL=" + u}, s.tool, "apply")
			})
		})
	}
}
