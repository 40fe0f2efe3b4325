package migrator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// The hashes of statements are appended one by one. The row is the same as if it were written whole, even by several
// runs or when reverting.
func TestPartialHashes(t *testing.T) {
	text := func(bad ...int) string {
		var b strings.Builder
		b.WriteString("-- atlas:txmode none\n\n")
		for i := range 9 {
			value := fmt.Sprint(i)
			for _, n := range bad {
				if i == n {
					value = "'x'"
				}
			}
			fmt.Fprintf(&b, "INSERT INTO t VALUES (%s);\n", value)
		}
		return b.String()
	}
	directory := func(b *bench, up, down string) {
		b.cfg.Dir = read(t, write(t, []file{{"1_a.sql", "CREATE TABLE t (id int);\n", ""}, {"2_b.sql", up, down}}))
	}
	b := setup(t, dir(t))
	check := func(src string, first []string, n int) {
		t.Helper()
		var have []string
		if err := json.Unmarshal([]byte(b.query("SELECT partial_hashes::text FROM atlas_schema_revisions WHERE version = '2'")), &have); err != nil {
			t.Fatal(err)
		}
		f := read(t, write(t, []file{{"2_b.sql", src, ""}})).Files()[0]
		if d := cmp.Diff(append(first, revision.Sums(f.SQL, f.Stmts)[:n]...), have); d != "" {
			t.Errorf("after %d statements (-want +got):\n%s", n, d)
		}
	}
	for _, stops := range []int{4, 5, 8} {
		directory(b, text(stops), "")
		if _, err := b.apply(migrator.Options{}); err == nil {
			t.Fatal("no error")
		}
		check(text(stops), nil, stops)
	}
	directory(b, text(), text(3))
	b.mustApply(migrator.Options{})
	if got := b.query("SELECT (partial_hashes IS NULL)::text FROM atlas_schema_revisions WHERE version = '2'"); got != "true" {
		t.Error("hashes are left")
	}
	if _, err := b.m().Down(t.Context(), migrator.Options{Yes: true}); err == nil {
		t.Fatal("no error")
	}
	check(text(3), []string{"down"}, 3)
}
