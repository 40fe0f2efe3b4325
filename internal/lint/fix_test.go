package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// later matches the comments of a fix behind which another migration begins.
var later = regexp.MustCompile(`(?m)^-- (in a later transaction|and in one after that|then, in a file|.*then in a later migration|in a migration of its own).*\n`)

// TestFixes writes what each finding of the cases says to write instead, and lints that: it runs, and the finding is gone.
func TestFixes(t *testing.T) {
	folders, err := os.ReadDir("testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range folders {
		t.Run(entry.Name(), func(t *testing.T) {
			t.Parallel()
			pgtest.Versions(t, filepath.Join("testdata/cases", entry.Name(), "postgres"))
			before, err := os.ReadFile(filepath.Join("testdata/cases", entry.Name(), "before.sql"))
			if err != nil {
				t.Fatal(err)
			}
			change, err := os.ReadFile(filepath.Join("testdata/cases", entry.Name(), "migration.sql"))
			if err != nil {
				t.Fatal(err)
			}
			r := mustRun(t, folder(t, map[string]string{first: string(before), second: string(change)}), lint.Config{Latest: 1})
			for _, f := range r.Files {
				for _, d := range f.Diagnostics {
					if complete(d.Fix) && strings.Count(string(change), ";") == 1 && !strings.Contains(string(before), "INSERT") {
						tryFix(t, string(before), d)
					}
					if d.Query != "" {
						db := pgtest.New(t)
						db.Exec(string(before))
						db.Exec(d.Query)
					}
				}
			}
		})
	}
}

// complete reports whether a fix is SQL that leaves nothing to fill in.
func complete(fix string) bool {
	word, _, _ := strings.Cut(strings.TrimPrefix(fix, "-- atlas:txmode none\n\n"), " ")
	return word == strings.ToUpper(word) && strings.Contains(fix, ";") && !strings.Contains(fix, "...") && !strings.Contains(fix, "<") && word != "SELECT"
}

func tryFix(t *testing.T, before string, d lint.Diagnostic) {
	files := map[string]string{first: before}
	parts := later.Split(d.Fix, -1)
	for i, part := range parts {
		files[fmt.Sprintf("202601020000%02d_fix.sql", i)] = part
	}
	for _, f := range mustRun(t, folder(t, files), lint.Config{Latest: len(parts)}).Files {
		for _, o := range f.Diagnostics {
			if o.Name == d.Name || o.Name == "migration-fails" || o.Name == "invalid-file" {
				t.Errorf("%s: %s\nby the fix of %s:\n%s", o.Name, o.Text, d.Name, d.Fix)
			}
		}
	}
}
