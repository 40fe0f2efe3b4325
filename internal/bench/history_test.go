package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// longHistory writes a project with n migrations of one statement each, with down files, effects and checksums, and the
// schema file that they produce. Of ten files one creates a table, six add a column to it, two an index, one drops a
// column.
func longHistory(b *testing.B, root string, n int) {
	b.Helper()
	put := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	put("atlas.hcl", `env "local" {
  src = "file://schema.hcl"
  migration {
    dir              = "file://migrations"
    revisions_schema = "public"
  }
}
`)
	var schema strings.Builder
	schema.WriteString("schema \"public\" {\n}\n")
	effects := map[string]string{}
	for first := 0; first < n; first += 10 {
		table := fmt.Sprintf("t%04d", first/10)
		var columns, indexes []string
		for i := first; i < min(first+10, n); i++ {
			column := fmt.Sprintf("c%d", i%10)
			var name, up, down, effect string
			switch i % 10 {
			case 0:
				name = "add_" + table
				up = "CREATE TABLE " + table + " (\n  id bigint NOT NULL,\n  PRIMARY KEY (id)\n)"
				down = "DROP TABLE " + table
				effect = fmt.Sprintf("+ table public.%[1]s: ordinary\n+ column public.%[1]s.id: bigint not null\n+ constraint public.%[1]s.%[1]s_pkey: PRIMARY KEY (id)\n", table)
			case 7, 8:
				of := fmt.Sprintf("c%d", i%10-4)
				index := "ix_" + table + "_" + of
				name = "index_" + table + "_" + of
				up = fmt.Sprintf("CREATE INDEX %s ON %s (%s)", index, table, of)
				down = "DROP INDEX " + index
				effect = fmt.Sprintf("+ index public.%[1]s.%[2]s: CREATE INDEX %[2]s ON public.%[1]s USING btree (%[3]s)\n", table, index, of)
				indexes = append(indexes, of)
			case 9:
				name = "drop_" + table + "_c1"
				up = "ALTER TABLE " + table + " DROP COLUMN c1"
				down = "ALTER TABLE " + table + " ADD COLUMN c1 text"
				effect = "- column public." + table + ".c1: text\n"
				columns = columns[1:]
			default:
				name = "add_" + table + "_" + column
				up = "ALTER TABLE " + table + " ADD COLUMN " + column + " text"
				down = "ALTER TABLE " + table + " DROP COLUMN " + column
				effect = "+ column public." + table + "." + column + ": text\n"
				columns = append(columns, column)
			}
			name = fmt.Sprintf("%d_%s.sql", 20200101000000+i, name)
			put("migrations/"+name, up+";\n")
			put("migrations/down/"+name, down+";\n")
			effects[name] = effect
		}
		fmt.Fprintf(&schema, "table %q {\n  schema = schema.public\n  column \"id\" {\n    type = bigint\n  }\n", table)
		for _, c := range columns {
			fmt.Fprintf(&schema, "  column %q {\n    type = text\n    null = true\n  }\n", c)
		}
		schema.WriteString("  primary_key {\n    columns = [column.id]\n  }\n")
		for _, c := range indexes {
			fmt.Fprintf(&schema, "  index \"ix_%s_%s\" {\n    columns = [column.%s]\n  }\n", table, c, c)
		}
		schema.WriteString("}\n")
	}
	put("schema.hcl", schema.String())
	if err := migration.Rehash(b.Context(), filepath.Join(root, "migrations"), effects); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPlanHistory measures plan with nothing to do, on directories of 10, 100 and 1,000 files. Cold has only the
// template that every server is copied from; warm has the caches of earlier commands.
func BenchmarkPlanHistory(b *testing.B) { benchmarkHistory(b, "plan") }

// BenchmarkCheckHistory measures check on the same directories, without findings.
func BenchmarkCheckHistory(b *testing.B) { benchmarkHistory(b, "check") }

// BenchmarkRehashHistory measures rehash of the same directories, with nothing to write.
func BenchmarkRehashHistory(b *testing.B) { benchmarkHistory(b, "rehash") }

func benchmarkHistory(b *testing.B, command string) {
	s := newSetup(b)
	for _, n := range []int{10, 100, 1000} {
		root, cache := b.TempDir(), b.TempDir()
		longHistory(b, root, n)
		run := func() time.Duration { return s.run(root, []string{"XDG_CACHE_HOME=" + cache}, s.tool, command) }
		forget := func() {
			for _, kind := range []string{"kept-*", "facts-*"} {
				kept, err := filepath.Glob(filepath.Join(cache, "*", kind))
				if err != nil {
					b.Fatal(err)
				}
				for _, f := range kept {
					if err := os.Remove(f); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		median(b, fmt.Sprintf("%d/cold", n), func() time.Duration {
			forget()
			return run()
		})
		median(b, fmt.Sprintf("%d/warm", n), run)
	}
}
