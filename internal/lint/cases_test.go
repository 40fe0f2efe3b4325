package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// A case is a folder under testdata/cases: before.sql is what stands, migration.sql is the change, and expected.txt has a line
// for each finding: the hazard's name, the table (- for none) and the code, and "until 17" where PostgreSQL has that hazard
// up to 17. It is empty if the change is safe.

// TestCases compares what lint finds in each case with what is expected, and measures both ways of being wrong.
func TestCases(t *testing.T) {
	folders, err := os.ReadDir("testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	var right, missed, wrong, safe int
	var counting sync.Mutex
	t.Run("all", func(t *testing.T) {
		for _, entry := range folders {
			t.Run(entry.Name(), func(t *testing.T) {
				t.Parallel()
				got, want := caseFindings(t, entry.Name())
				counting.Lock()
				defer counting.Unlock()
				if len(want) == 0 {
					safe++
				}
				for _, w := range want {
					if slices.Contains(got, w) {
						right++
					} else {
						missed++
						t.Errorf("missed: %s", w)
					}
				}
				for _, g := range got {
					if !slices.Contains(want, g) {
						wrong++
						t.Errorf("wrong: %s", g)
					}
				}
			})
		}
	})
	recall, precision := ratio(right, right+missed), ratio(right, right+wrong)
	t.Logf("%d cases, %d of them safe: recall %.3f, precision %.3f", len(folders), safe, recall, precision)
	const least = 0.97
	if recall < least || precision < least {
		t.Errorf("less than %.2f", least)
	}
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

func caseFindings(t *testing.T, name string) (got, want []string) {
	t.Helper()
	dir := filepath.Join("testdata", "cases", name)
	text := func(file string) string {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	root := folder(t, map[string]string{first: text("before.sql"), second: text("migration.sql")})
	for _, line := range strings.Split(strings.TrimSpace(text("expected.txt")), "\n") {
		line, last, limited := strings.Cut(strings.TrimSpace(line), " until ")
		if limited {
			major, err := strconv.Atoi(last)
			if err != nil {
				t.Fatalf("%s/expected.txt: %v", dir, err)
			}
			if pgtest.Server(t).VersionNum()/10000 > major {
				continue
			}
		}
		if line != "" {
			want = append(want, line)
		}
	}
	r := mustRun(t, root, lint.Config{Latest: 1})
	for _, f := range r.Files {
		for _, d := range f.Diagnostics {
			table := d.Table
			if table == "" {
				table = "-"
			}
			if f.Name != second {
				t.Errorf("%s: %s", f.Name, d.Text)
			}
			line := strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Name, table, d.Code))
			if !slices.Contains(got, line) {
				got = append(got, line)
			}
			if testing.Verbose() {
				t.Logf("%s: %s\nlock: %s\nfix: %s\nquery: %s", d.Severity, d.Text, d.Lock, d.Fix, d.Query)
			}
		}
	}
	return got, want
}
