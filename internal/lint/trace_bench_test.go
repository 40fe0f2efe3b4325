package lint_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
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
			cfg := lint.Config{Start: start(b), Dir: read(b, folder(b, own(b, map[string]string{"20991231235959_x.sql": sql.String()}))), Latest: 1}
			for b.Loop() {
				if _, err := lint.Run(context.Background(), cfg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGrowth lints large files, without starting the server: each doubling should at most double the time.
//
// Tables are n new tables with an index each, in one transaction. Alone are n statements without one. Changes are n
// changes to 200 tables. Inserts are n inserts into 200 tables in turn. Columns, Renames and Drops change n tables.
func BenchmarkGrowth(b *testing.B) {
	tables := func(n int) string {
		var sql strings.Builder
		for i := range n {
			fmt.Fprintf(&sql, "CREATE TABLE t%d (id bigint PRIMARY KEY, n int, at timestamptz, name text);\nCREATE INDEX i%d ON t%d (n);\n", i, i, i)
		}
		return sql.String()
	}
	changes := func(n int) string {
		var sql strings.Builder
		for i := range n {
			switch i % 4 {
			case 0:
				fmt.Fprintf(&sql, "ALTER TABLE t%d ADD COLUMN c%d text;\n", i/4%200, i)
			case 1:
				fmt.Fprintf(&sql, "CREATE TABLE x%d (id bigint PRIMARY KEY, n int);\n", i)
			case 2:
				fmt.Fprintf(&sql, "CREATE INDEX ON x%d (n);\n", i-1)
			case 3:
				fmt.Fprintf(&sql, "COMMENT ON TABLE t%d IS 'x';\n", i/4%200)
			}
		}
		return sql.String()
	}
	inserts := func(n int) string {
		var sql strings.Builder
		for i := range n {
			fmt.Fprintf(&sql, "INSERT INTO t%d (id) VALUES (%d);\n", i%200, i)
		}
		return sql.String()
	}
	each := func(sql string) func(int) string {
		return func(n int) string {
			var all strings.Builder
			for i := range n {
				fmt.Fprintf(&all, sql, i)
			}
			return all.String()
		}
	}
	fixed := func(int) string { return tables(200) }
	for _, bm := range []struct {
		name  string
		sizes []int
		base  func(int) string
		sql   func(int) string
	}{
		{"Tables", []int{50, 100, 200, 400, 800}, func(int) string { return "" }, tables},
		{"Alone", []int{625, 1250, 2500, 5000}, fixed, func(n int) string { return "-- atlas:txmode none\n\n" + changes(n) }},
		{"Changes", []int{625, 1250, 2500, 5000}, fixed, changes},
		{"Inserts", []int{500, 1000, 2000, 4000}, fixed, inserts},
		{"Columns", []int{150, 300, 600, 1200}, tables, each("ALTER TABLE t%d ADD COLUMN c int;\n")},
		{"Renames", []int{150, 300, 600, 1200}, tables, each("ALTER TABLE t%d RENAME COLUMN n TO m;\n")},
		{"Drops", []int{150, 300, 600, 1200}, tables, each("DROP TABLE t%d;\n")},
	} {
		for _, n := range bm.sizes {
			b.Run(fmt.Sprintf("%s/%d", bm.name, n), func(b *testing.B) {
				dir := read(b, folder(b, map[string]string{first: bm.base(n), second: bm.sql(n)}))
				cfg := lint.Config{Start: start(b), Dir: dir, Latest: 1}
				var most uint64
				for b.Loop() {
					if _, err := lint.Run(context.Background(), cfg); err != nil {
						b.Fatal(err)
					}
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapSys)
				}
				b.ReportMetric(float64(most)/(1<<20), "MB")
			})
		}
	}
}
