package lint_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// plain has tables on which each change gives one finding.
const plain = "CREATE TABLE a (x int, y int);\nCREATE TABLE b (x int, y int);\nCREATE SCHEMA \"Old\";\nCREATE TABLE \"Old\".\"A B\" (x int);\n"

// short returns each finding's line and rule.
func short(r *lint.Report) []string {
	var list []string
	for _, f := range r.Files {
		for _, d := range f.Diagnostics {
			list = append(list, fmt.Sprintf("%d %s", d.Line, d.Name))
		}
	}
	return list
}

func TestNolint(t *testing.T) {
	const (
		unused  = " unused-nolint"
		unknown = " unknown-nolint"
		table   = " drop-table"
		column  = " drop-column"
	)
	for _, test := range []struct {
		name, sql string
		silenced  int
		left      []string
	}{
		{"none", "DROP TABLE a;\n", 0, []string{"1" + table}},
		{"bare", "-- atlas:nolint\nDROP TABLE a;\nALTER TABLE b DROP y;\n", 1, []string{"3" + column}},
		{"code", "-- atlas:nolint DS102\nDROP TABLE a;\n", 1, nil},
		{"analyzer", "-- atlas:nolint destructive\nDROP TABLE a;\n", 1, nil},
		{"hazard", "-- atlas:nolint drop-table\nDROP TABLE a;\n", 1, nil},
		{"another", "-- atlas:nolint DS103 data_depend\nDROP TABLE a;\n", 0, []string{"1" + unused, "2" + table}},
		{"list, one in vain", "-- atlas:nolint DS103 DS102\nDROP TABLE a;\n", 1, []string{"1" + unused}},
		{"list with commas", "-- atlas:nolint drop-table, drop-column\nALTER TABLE a DROP y;\n", 1, []string{"1" + unused}},
		{"two lines", "-- atlas:nolint drop-column\n-- because\n-- atlas:nolint DS102\nALTER TABLE a DROP y;\n", 1, []string{"3" + unused}},
		{"reason", "-- atlas:nolint DS102 -- nobody reads it since 2.4\nDROP TABLE a;\n", 1, nil},
		{"reason alone", "-- atlas:nolint -- nobody reads it\nDROP TABLE a;\n", 1, nil},
		{"block comment", "/*atlas:nolint DS102*/\nDROP TABLE a;\n", 1, nil},
		{"misspelt", "-- atlas:nolint drop-tabel\nDROP TABLE a;\n", 0, []string{"1" + unknown, "2" + table}},
		{"words", "-- atlas:nolint DS102 because of us\nDROP TABLE a;\n", 1, []string{"1" + unknown, "1" + unknown, "1" + unknown}},
		{"Atlas's other code", "-- atlas:nolint MF102\nCREATE UNIQUE INDEX CONCURRENTLY ON a (x);\n", 1, nil},
		{"cut off", "SELECT 1;\n-- atlas:nolint\n\nDROP TABLE a;\n", 0, []string{"2" + unused, "4" + table}},
		{"cut off by the second", "SELECT 1;\n-- atlas:nolint\n-- x\n\n-- y\nDROP TABLE a;\n", 0, []string{"2" + unused, "6" + table}},
		{"second statement", "SELECT 1;\n\n-- y\n-- atlas:nolint DS102\nDROP TABLE a;\n", 1, nil},
		{"nothing to silence", "-- atlas:nolint\nSELECT 1;\n", 0, []string{"1" + unused}},
		{"after the last statement", "DROP TABLE a;\n  -- atlas:nolint\n", 0, []string{"1" + table, "2" + unused}},
		{"on the statement's line", "DROP TABLE a; -- atlas:nolint\n", 0, []string{"1" + table, "1" + unused}},
		{"file", "-- atlas:nolint\n\nDROP TABLE a;\nALTER TABLE b DROP y;\n", 2, nil},
		{"file with a name", "-- atlas:nolint DS102\n\nDROP TABLE a;\nALTER TABLE b DROP y;\n", 1, []string{"4" + column}},
		{"file in vain", "-- atlas:nolint DS101\n\nDROP TABLE a;\n", 0, []string{"1" + unused, "3" + table}},
		{"file with other directives", "-- alembic:revision x\n-- atlas:nolint destructive\n\nDROP TABLE a;\n", 1, nil},
		{"file and statement", "-- atlas:nolint DS102\n\n-- atlas:nolint DS103\nALTER TABLE a DROP y;\n", 1, []string{"1" + unused}},
		{"file without statements", "-- atlas:nolint\n\n", 0, []string{"0 empty-file", "1" + unused}},
		{"in a string", "SELECT '\n-- atlas:nolint\n';\nDROP TABLE a;\n", 0, []string{"4" + table}},
		{"failure is never silenced", "-- atlas:nolint\n\nDROP TABLE nothing;\n", 0, []string{"3 migration-fails"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sql := test.sql
			if strings.Contains(sql, "CONCURRENTLY") {
				sql = "-- atlas:txmode none\n\n" + sql
			}
			r := mustRun(t, folder(t, map[string]string{first: plain, second: sql}), lint.Config{Latest: 1})
			if diff := cmp.Diff(test.left, short(r)); diff != "" || r.Silenced != test.silenced {
				t.Errorf("silenced %d: %s", r.Silenced, diff)
			}
		})
	}
}

func TestNolintMessages(t *testing.T) {
	for sql, want := range map[string]string{
		"-- atlas:nolint drop-tabel\nSELECT 1;":             `1:1: error unknown-nolint IB614: atlas:nolint names unknown check "drop-tabel": did you mean drop-table?`,
		"-- atlas:nolint obsolescence\nSELECT 1;":           `1:1: error unknown-nolint IB614: atlas:nolint names unknown check "obsolescence"; write a reason after --`,
		"SELECT 1;\n  -- atlas:nolint DS102 DS103\nSELECT;": `2:3: warning unused-nolint IB613: atlas:nolint DS102 DS103 silences nothing: remove it`,
		"-- atlas:nolint\nSELECT 1;":                        `1:1: warning unused-nolint IB613: atlas:nolint silences nothing: remove it`,
		"SELECT 1;\n\n\t-- atlas:nolint\n":                  `3:2: warning unused-nolint IB613: atlas:nolint silences nothing here: put it directly above a statement, or in the comment lines at the top of the file, followed by an empty line`,
	} {
		r := mustRun(t, folder(t, map[string]string{first: plain, second: sql}), lint.Config{Latest: 1})
		if diff := cmp.Diff([]string{second + ":" + want}, findings(r)); diff != "" {
			t.Errorf("%q: %s", sql, diff)
		}
	}
}

func TestPolicy(t *testing.T) {
	yes, no := true, false
	only := func(name string, s lint.Setting) map[string]lint.Setting { return map[string]lint.Setting{name: s} }
	match := func(pattern string) []*regexp.Regexp {
		return []*regexp.Regexp{regexp.MustCompile("^(?:" + pattern + ")$")}
	}
	const sql = "DROP TABLE a;\nALTER TABLE b DROP y;\nDROP TABLE \"Old\".\"A B\";\n"
	const table, column, quoted = "1 error drop-table", "2 error drop-column", "3 error drop-table"
	for _, test := range []struct {
		name     string
		policy   lint.Policy
		sql      string
		silenced int
		want     []string
	}{
		{"none", lint.Policy{}, sql, 0, []string{table, column, quoted}},
		{"analyzer warns", lint.Policy{Analyzers: only("destructive", lint.Setting{Error: &no})}, sql, 0,
			[]string{"1 warning drop-table", "2 warning drop-column", "3 warning drop-table"}},
		{"check wins", lint.Policy{Analyzers: only("destructive", lint.Setting{Error: &no}), Checks: only("DS103", lint.Setting{Error: &yes})}, sql, 0,
			[]string{"1 warning drop-table", column, "3 warning drop-table"}},
		{"check is off", lint.Policy{Checks: only("drop-table", lint.Setting{Skip: &yes})}, sql, 0, []string{column}},
		{"analyzer is off", lint.Policy{Analyzers: only("destructive", lint.Setting{Skip: &yes})}, sql, 0, nil},
		{"analyzer is off except for a check", lint.Policy{Analyzers: only("destructive", lint.Setting{Skip: &yes}), Checks: only("DS103", lint.Setting{Skip: &no})}, sql, 0, []string{column}},
		{"table is allowed", lint.Policy{AllowTables: match("a|Old\\..*")}, sql, 2, []string{column}},
		{"whole names only", lint.Policy{AllowTables: match("A")}, sql, 0, []string{table, column, quoted}},
		{"as SQL writes it", lint.Policy{AllowTables: match(`"Old"\."A B"`)}, sql, 1, []string{table, column}},
		{"for an analyzer", lint.Policy{Analyzers: only("destructive", lint.Setting{AllowTables: match("b")})}, sql, 1, []string{table, quoted}},
		{"for another", lint.Policy{Analyzers: only("condrop", lint.Setting{AllowTables: match("b")})}, sql, 0, []string{table, column, quoted}},
		{"for a check", lint.Policy{Checks: only("DS102", lint.Setting{AllowTables: match(".*")})}, sql, 2, []string{column}},
		{"column", lint.Policy{Checks: only("DS103", lint.Setting{AllowColumns: match("y")})}, sql, 1, []string{table, quoted}},
		{"opt-in", lint.Policy{Checks: only("dml-in-migration", lint.Setting{Skip: &no})}, "INSERT INTO a VALUES (1, 2);\n", 0, []string{"1 warning dml-in-migration"}},
		{"opt-in as an error", lint.Policy{Checks: only("dml-in-migration", lint.Setting{Skip: &no, Error: &yes})}, "INSERT INTO a VALUES (1, 2);\n", 0, []string{"1 error dml-in-migration"}},
		{"not opted in", lint.Policy{}, "INSERT INTO a VALUES (1, 2);\n", 0, nil},
		{"force", lint.Policy{Analyzers: only("destructive", lint.Setting{Force: true})}, "-- atlas:nolint DS102\nDROP TABLE a;\n", 0, []string{"2 error drop-table"}},
		{"fixed", lint.Policy{Checks: only("unused-nolint", lint.Setting{Error: &yes})}, "-- atlas:nolint\nSELECT 1;\n", 0, []string{"1 error unused-nolint"}},
		{"fixed is off", lint.Policy{Checks: only("IB613", lint.Setting{Skip: &yes})}, "-- atlas:nolint\nSELECT 1;\n", 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := mustRun(t, folder(t, map[string]string{first: plain, second: test.sql}), lint.Config{Latest: 1, Policy: test.policy})
			var got []string
			for _, f := range r.Files {
				for _, d := range f.Diagnostics {
					got = append(got, fmt.Sprintf("%d %s %s", d.Line, d.Severity, d.Name))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" || r.Silenced != test.silenced {
				t.Errorf("silenced %d: %s", r.Silenced, diff)
			}
		})
	}
}

// TestFileError compares the reasons why files fail.
func TestFileError(t *testing.T) {
	no := false
	for _, test := range []struct {
		policy lint.Policy
		want   string
	}{
		{lint.Policy{}, "destructive changes detected"},
		{lint.Policy{Analyzers: map[string]lint.Setting{"destructive": {Error: &no}}}, ""},
	} {
		r := mustRun(t, folder(t, map[string]string{first: plain, second: "DROP TABLE a;"}), lint.Config{Latest: 1, Policy: test.policy})
		if got := r.Files[0].Error; got != test.want || r.Failed() != (test.want != "") {
			t.Errorf("%q, failed: %v", got, r.Failed())
		}
	}
}

func TestSums(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		edit func(text string) string
		want string
	}{
		"edited": {second, func(string) string { return "SELECT 2;\n" },
			"atlas.sum:3:0: error checksum-mismatch IB610: atlas.sum doesn't match: " + second + " was edited. Restore it, or run `rehash` if no database has run it yet"},
		"conflict": {"atlas.sum", func(text string) string { return "<<<<<<< ours\n" + text + "=======\n" + text + ">>>>>>> theirs\n" },
			"atlas.sum:1:0: error checksum-mismatch IB610: atlas.sum:1: git's conflict markers: run `rehash` to rewrite it, or `rebase` if this branch's migrations must follow the other's"},
		"malformed": {"atlas.sum", func(text string) string { return "x\n" + text },
			"atlas.sum:1:0: error checksum-mismatch IB610: atlas.sum:1: this isn't an Atlas sum file, or its lines don't belong together: run `rehash` to rewrite it"},
		"down": {"down/" + second, func(string) string { return "SELECT 2;\n" },
			"down/atlas.sum:2:0: error checksum-mismatch IB610: down/atlas.sum doesn't match: down/" + second + " was edited. Restore it, or run `rehash` if no database has run it yet"},
	} {
		t.Run(name, func(t *testing.T) {
			root := folder(t, map[string]string{first: plain, second: "SELECT 1;\n", "down/" + second: "SELECT 1;\n"})
			path := filepath.Join(root, test.file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(test.edit(string(text))), 0o644); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{test.want}, findings(mustRun(t, root, lint.Config{Latest: 1}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBadInput compares the findings about bad files with testdata/badinput.txt: one each.
func TestBadInput(t *testing.T) {
	var b strings.Builder
	for _, test := range []struct{ name, sql string }{
		{"does not parse", "SELECT 1;\nALTER TABEL a ADD z int;\n"},
		{"unended statement", "CREATE TABLE c (x int\n"},
		{"empty", ""},
		{"only comments", "-- nothing yet\n/* DROP TABLE a; */\n"},
		{"only semicolons", ";;\n"},
		{"byte order mark", "\uFEFFALTER TABLE a ADD z int;\n"},
		{"CR LF", "SELECT 1;\nALTER TABLE a\r\n  ADD z int;\r\n"},
		{"5 MB of rows", "INSERT INTO a VALUES\n" + strings.Repeat("  (1, 2),\n", 500_000) + "  (3, 4);\n"},
		{"5 MB in many statements", strings.Repeat("INSERT INTO a (x, y) VALUES (1, 2) /* "+strings.Repeat("x", 1000)+" */;\n", 5_000)},
		{"meta-command", "SELECT 1;\n\\i other.sql\nSELECT 2;\n"},
		{"meta-command at the end", "SELECT 1;\n  \\echo done\n"},
		{"meta-command after a statement", "SELECT 'ä', 1 \\gexec\n"},
		{"COPY", "COPY a (x, y) FROM stdin;\n1\t2\n\\.\n"},
		{"COPY of rows that aren't SQL", "SELECT 1;\nCOPY a FROM stdin;\n1\tit's\n\\.\n"},
		{"COPY in another case", "copy a from STDIN with (format csv);\n1,2\n\\.\n"},
		{"dollar quotes", "SELECT 1;\nDO $$ BEGIN\nNULL; END $x$;\n"},
		{"quote", "SELECT 'it''s;\n"},
		{"comment", "SELECT 1; /* /* */\n"},
		{"BEGIN and COMMIT", "BEGIN;\nALTER TABLE a ADD z int;\nCOMMIT;\n"},
		{"NUL", "SELECT '\x00';\n"},
		{"conflict", "<<<<<<< ours\nSELECT 1;\n=======\nSELECT 2;\n>>>>>>> theirs\n"},
	} {
		root := folder(t, map[string]string{first: plain, second: test.sql})
		dir, err := migration.Read(os.DirFS(root))
		var r *lint.Report
		invalid := (migration.Errors)(nil)
		if errors.As(err, &invalid) && !invalid.Readable() {
			r = lint.Invalid(invalid)
		} else {
			r, err = lint.Run(t.Context(), lint.Config{Dir: dir, Latest: 1, Start: start(t)})
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
		}
		if n := len(findings(r)); n != 1 {
			t.Errorf("%s: %d findings", test.name, n)
		}
		for _, f := range findings(r) {
			fmt.Fprintf(&b, "%s\n  %s\n", test.name, strings.TrimPrefix(f, second+":"))
		}
	}
	const golden = "testdata/badinput.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}
