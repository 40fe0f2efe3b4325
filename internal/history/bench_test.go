package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
)

func BenchmarkCheck(b *testing.B) {
	base := projecttest.Repository(b, pgtest.Server(b))
	for b.Loop() {
		if _, err := Check(context.Background(), base); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRehash measures a long history without facts about it: of indexes on 50 tables that are added and dropped in
// turn, and of tables. Each doubling should at most double the time and the memory.
func BenchmarkRehash(b *testing.B) {
	table := func(i int) string {
		return fmt.Sprintf("CREATE TABLE t%d (id bigint PRIMARY KEY, n int, at timestamptz, name text);\n", i)
	}
	for _, bm := range []struct {
		name  string
		sizes []int
		sql   func(i int) string
	}{
		{"Indexes", []int{1250, 2500, 5000, 10000}, func(i int) string {
			switch n := (i - 50) / 2; {
			case i < 50:
				return table(i)
			case i%2 == 0:
				return fmt.Sprintf("CREATE INDEX i%d ON t%d (n);\n", n, n%50)
			default:
				return fmt.Sprintf("DROP INDEX i%d;\n", n)
			}
		}},
		{"Tables", []int{250, 500, 1000, 2000}, table},
	} {
		for _, n := range bm.sizes {
			b.Run(fmt.Sprintf("%s/%d", bm.name, n), func(b *testing.B) {
				p := projecttest.New(b)
				if err := os.MkdirAll(p.Root, 0o755); err != nil {
					b.Fatal(err)
				}
				at := projecttest.Start
				for i := range n {
					at = at.Add(time.Minute)
					name := fmt.Sprintf("%s_file.sql", at.Format("20060102150405"))
					if err := os.WriteFile(filepath.Join(p.Root, name), []byte(bm.sql(i)), 0o644); err != nil {
						b.Fatal(err)
					}
				}
				base := p.Base()
				var most uint64
				for b.Loop() {
					if err := Rehash(context.Background(), base, p.Root); err != nil {
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
