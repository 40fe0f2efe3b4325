package catalog_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

var update = flag.Bool("update", false, "write testdata/catalog.txt")

// The golden file is the same for all server versions, so running the tests on another version compares the two.
func TestGolden(t *testing.T) {
	db := pgtest.New(t)
	db.File("testdata/corpus.sql")
	got := read(t, db.Conn(), catalog.Options{}).String()
	if *update {
		if err := os.WriteFile("testdata/catalog.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/catalog.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
