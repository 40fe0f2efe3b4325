package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// A typical project has a dozen tables; 500 are many.
func BenchmarkRead(b *testing.B) {
	for _, tables := range []int{0, 12, 500} {
		b.Run(fmt.Sprintf("tables=%d", tables), func(b *testing.B) {
			db := pgtest.New(b)
			var sql strings.Builder
			for i := range tables {
				fmt.Fprintf(&sql, `
					CREATE TABLE t%[1]d (id uuid PRIMARY KEY, a int, b text, c timestamptz DEFAULT now(), d jsonb, e text NOT NULL, f bool, g float8, h int, i int);
					CREATE INDEX ON t%[1]d (a); CREATE INDEX ON t%[1]d (b, c DESC); CREATE INDEX ON t%[1]d ((d ->> 'x')); CREATE INDEX ON t%[1]d USING gin (d);
					CREATE INDEX ON t%[1]d (e) WHERE f;`, i)
			}
			db.Exec(sql.String())
			conn := db.Conn()
			c := read(b, conn, catalog.Options{})
			for b.Loop() {
				c = read(b, conn, catalog.Options{})
			}
			b.ReportMetric(float64(len(c.Lines())), "lines")
		})
	}
}

// The effects of a long history are applied often.
func BenchmarkApply(b *testing.B) {
	var before, after []string
	for i := range 10000 {
		before = append(before, fmt.Sprintf("+ column public.t%d.a: integer", i))
	}
	after = append(after, before...)
	after[0] = "+ column public.t0.a: bigint"
	from, err := catalog.ParseEffect(strings.Join(before, "\n"))
	if err != nil {
		b.Fatal(err)
	}
	to, err := catalog.ParseEffect(strings.Join(after, "\n"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		x, err := catalog.Catalog{}.Apply(from)
		if err != nil {
			b.Fatal(err)
		}
		y, err := catalog.Catalog{}.Apply(to)
		if err != nil {
			b.Fatal(err)
		}
		if e := catalog.Measure(x, y); len(e.Add) != 1 || len(catalog.Diff(x, y)) != 1 {
			b.Fatal(e)
		}
	}
}
