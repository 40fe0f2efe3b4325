package lint_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

// A case is an archive in testdata/cases: before.sql is the merged migration, migration.sql the change, and
// expected.txt has a line for each finding: the rule's name, the table (- for none), the code, the line in
// migration.sql, the lock (- for none; with a slash after it, the one that was held before) and the severity. It is
// empty if the change is safe; -update rewrites it. An optional file postgres restricts the versions of PostgreSQL:
// "14-", "-17".

const expected = "expected.txt"

// TestCases compares the findings in each case with the expected ones, and measures recall and precision.
func TestCases(t *testing.T) {
	cases := readCases(t)
	var ran, right, missed, wrong, safe int
	var counting sync.Mutex
	t.Run("all", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				pgtest.Versions(t, c.Files["postgres"])
				got, want := caseFindings(t, c)
				counting.Lock()
				defer counting.Unlock()
				ran++
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
	t.Logf("%d cases, %d of them safe: recall %.3f, precision %.3f", ran, safe, recall, precision)
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

func readCases(t *testing.T) []*testcase.Case {
	t.Helper()
	cases, err := testcase.Read("testdata/cases", "before.sql", "migration.sql", expected)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func caseFindings(t *testing.T, c *testcase.Case) (got, want []string) {
	t.Helper()
	root := folder(t, map[string]string{first: c.Files["before.sql"], second: c.Files["migration.sql"]})
	for _, line := range strings.Split(strings.TrimSpace(c.Files[expected]), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			want = append(want, line)
		}
	}
	r := mustRun(t, root, lint.Config{Latest: 1})
	for _, f := range r.Files {
		queries := make(map[string]string)
		for _, d := range f.Diagnostics {
			if at := fmt.Sprint(d.Pos, d.Query); !d.Query.Empty() && queries[at] != "" {
				t.Errorf("%s and %s have the same query: %s", queries[at], d.Name, d.Query)
			} else {
				queries[at] = d.Name
			}
			if f.Name != second {
				t.Errorf("%s: %s", f.Name, d.Text)
			}
			lock := cmp.Or(d.Lock, "-")
			if d.Held != "" {
				lock += "/" + d.Held
			}
			line := fmt.Sprintf("%s %s %s %d %s %s", d.Name, cmp.Or(d.Table, "-"), cmp.Or(d.Code, "-"), d.Line, lock, d.Severity)
			if !slices.Contains(got, line) {
				got = append(got, line)
			}
			if testing.Verbose() {
				t.Logf("%s: %s\nlock: %s\nfix: %s\nquery: %s", d.Severity, d.Text, d.Lock, d.Fix, d.Query)
			}
		}
	}
	if *update {
		text := ""
		for _, line := range got {
			text += line + "\n"
		}
		if err := c.Update(expected, map[string]string{"": text}); err != nil {
			t.Fatal(err)
		}
		return got, got
	}
	return got, want
}
