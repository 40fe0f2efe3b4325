package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// TestDeployOrder edits code and drops what it names in the same change.
func TestDeployOrder(t *testing.T) {
	const tables = "CREATE TABLE a (x int, note text, \"Odd (name)\" int);\nCREATE TABLE kept (x int);\n"
	on := false
	policy := lint.Policy{Checks: map[string]lint.Setting{"deploy-order-split": {Skip: &on}}}
	for _, test := range []struct {
		name, sql, was, is string
		want               []string
	}{
		{"a column", "ALTER TABLE a DROP COLUMN note;", "print(a.note)\n", "print(a)\n", []string{"a.note (my app.py)"}},
		{"a part of a word", "ALTER TABLE a DROP COLUMN note;", "print(a.notes, foot_note)\n", "print(a)\n", nil},
		{"a line that stays", "ALTER TABLE a DROP COLUMN note;", "print(a.note)\nx\n", "print(a.note)\ny\n", nil},
		{"a table", "DROP TABLE kept;", "SELECT x FROM kept\n", "\n", []string{"kept (my app.py)"}},
		{"a silenced table", "-- atlas:nolint drop-table -- unused\nDROP TABLE kept;", "SELECT x FROM kept\n", "\n", []string{"kept (my app.py)"}},
		{"silenced", "-- atlas:nolint drop-table deploy-order-split -- unused\nDROP TABLE kept;", "SELECT x FROM kept\n", "\n", nil},
		{"a rename", "ALTER TABLE a RENAME COLUMN note TO notes;", "print(a.note)\n", "print(a.notes)\n", []string{"a.note (my app.py)"}},
		{"an odd name", `ALTER TABLE a DROP COLUMN "Odd (name)";`, "\"Odd (name)\"\n", "\n", []string{`a."Odd (name)" (my app.py)`}},
		{"nothing dropped", "ALTER TABLE a ADD COLUMN y int;", "print(a.note)\n", "print(a.y)\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRepo(t)
			code := filepath.Join(r.dir, "my app.py")
			write := func(text string) {
				t.Helper()
				if err := os.WriteFile(code, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			r.put(map[string]string{first: tables})
			write(test.was)
			r.commit()
			r.git("checkout", "-q", "-b", "work")
			r.put(map[string]string{second: test.sql + "\n"})
			write(test.is)
			var got []string
			for _, f := range mustRun(t, r.root, lint.Config{Policy: policy}).Files {
				for _, d := range f.Diagnostics {
					if d.Name == "deploy-order-split" {
						_, text, _ := strings.Cut(d.Text, "that names ")
						text, _, _ = strings.Cut(text, ": ")
						got = append(got, text)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
