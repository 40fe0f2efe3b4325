package lint_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// BenchmarkStatements lints one new migration of n statements after the project's own, without starting the server.
func BenchmarkStatements(b *testing.B) {
	for _, n := range []int{1, 101} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var sql strings.Builder
			for i := range n {
				switch i % 4 {
				case 0:
					fmt.Fprintf(&sql, "ALTER TABLE results ADD COLUMN c%d text;\n", i)
				case 1:
					fmt.Fprintf(&sql, "CREATE TABLE t%d (id bigint PRIMARY KEY, n int);\n", i)
				case 2:
					fmt.Fprintf(&sql, "CREATE INDEX ON t%d (n);\n", i-1)
				case 3:
					fmt.Fprintf(&sql, "COMMENT ON TABLE t%d IS 'x';\n", i-2)
				}
			}
			root := b.TempDir()
			for name, text := range own(b, map[string]string{"20991231235959_x.sql": sql.String()}) {
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					b.Fatal(err)
				}
			}
			dir, err := migration.Read(os.DirFS(root))
			if err != nil {
				b.Fatal(err)
			}
			cfg := lint.Config{Start: start(b), Dir: dir, Latest: 1}
			for b.Loop() {
				if _, err := lint.Run(context.Background(), cfg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
