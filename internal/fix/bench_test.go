package fix_test

import (
	"fmt"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// BenchmarkAllRows updates 150,000 rows in one statement and in batches by key. It reports the table's pages before and
// after.
func BenchmarkAllRows(b *testing.B) {
	const update = "UPDATE results SET data = 'y'"
	batches := fix.Batch{Table: fix.Table{Name: "results", Keyed: true}, Statement: update}.File()
	for _, way := range []struct {
		name string
		run  func(b *testing.B, db *pgtest.DB)
	}{
		{"statement", func(_ *testing.B, db *pgtest.DB) { db.Exec(update) }},
		{"batches", func(b *testing.B, db *pgtest.DB) {
			if err := apply(db.Conn(), batches, ""); err != nil {
				b.Fatal(err)
			}
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			var before, after int64
			for range b.N {
				b.StopTimer()
				db := pgtest.New(b)
				db.Exec(fmt.Sprintf("CREATE TABLE results (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, data text); INSERT INTO results (data) SELECT repeat('x', 100) FROM generate_series(1, %d)", 150000))
				db.Exec("VACUUM ANALYZE results")
				before = pages(b, db)
				b.StartTimer()
				way.run(b, db)
				b.StopTimer()
				after = pages(b, db)
				b.StartTimer()
			}
			b.ReportMetric(float64(before), "pages-before")
			b.ReportMetric(float64(after), "pages-after")
		})
	}
}

func pages(tb testing.TB, db *pgtest.DB) int64 {
	return query[int64](tb, db.Conn(), "SELECT pg_relation_size('results') / current_setting('block_size')::bigint")
}
