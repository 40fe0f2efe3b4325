package migration_test

import (
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// TestHeadersProperty checks that Read refuses the top of a file or reads what Atlas reads.
func TestHeadersProperty(t *testing.T) {
	lines := []string{
		"-- atlas:txmode none", "-- atlas:txmode none", "-- atlas:txmode file", "--atlas:txmode none", "-- atlas:nolint", "-- alembic:revision abc", "-- title", "--", "#",
		"# atlas:txmode none", "atlas:txmode none", "-- see atlas:txmode none", "/* atlas:txmode none */", "/*", "*/", " ", "\t", "\uFEFF", "-- é atlas:txmode none",
		"SELECT 1;", "SELECT '", "'", "-- atlas:txmode\tnone", "-- atlas:", " -- atlas:txmode none", "-- atlas:txmode none -- yes", "$$",
	}
	ends := []string{"\n", "\n", "\n", "\n\n", "\n\n", "\r\n", "\r", ""}
	var accepted, withMode int
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			b.WriteString(rapid.SampledFrom(lines).Draw(t, "line"))
			b.WriteString(rapid.SampledFrom(ends).Draw(t, "end"))
		}
		text := b.String()
		d, err := migration.Read(mapDir("20260101000000_a.sql", text))
		if err != nil {
			return
		}
		stock := migrate.NewLocalFile("20260101000000_a.sql", []byte(text)).Directive("txmode")
		want := len(stock) == 1 && stock[0] == "none"
		if len(stock) > 1 || d.Files()[0].TxNone != want {
			t.Fatalf("%q: none = %v, Atlas reads %q", text, d.Files()[0].TxNone, stock)
		}
		accepted++
		if want {
			withMode++
		}
	})
	if accepted == 0 || withMode == 0 {
		t.Errorf("only %d files were read, %d of them with a mode: this test proves nothing", accepted, withMode)
	}
}
