package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

// A score counts hazards that a linter found or missed, and false findings.
type score struct{ found, missed, right, wrong int }

// add counts a case: its hazards, and the findings, each with the hazards that it may mean.
func (s *score) add(want []string, findings [][]string) {
	hits := make(map[string]bool)
	for _, f := range findings {
		right := false
		for _, w := range want {
			if slices.Contains(f, w) {
				hits[w], right = true, true
			}
		}
		if right {
			s.right++
		} else {
			s.wrong++
		}
	}
	s.found += len(hits)
	s.missed += len(want) - len(hits)
}

func (s *score) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(s.found)/float64(s.found+s.missed), "recall")
	b.ReportMetric(float64(s.right)/float64(max(1, s.right+s.wrong)), "precision")
}

// A lintCase is a case of the linter's tests.
type lintCase struct {
	name, before, migration string
	want                    []string // names of hazards
}

func lintCases(b *testing.B, root string) []lintCase {
	b.Helper()
	archives, err := testcase.Read(filepath.Join(root, "internal", "lint", "testdata", "cases"))
	if err != nil {
		b.Fatal(err)
	}
	var cases []lintCase
	for _, a := range archives {
		c := lintCase{name: a.Name, before: a.Files["before.sql"], migration: a.Files["migration.sql"]}
		for line := range strings.Lines(a.Files["expected.txt"]) {
			if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" && !slices.Contains(c.want, name) {
				c.want = append(c.want, name)
			}
		}
		cases = append(cases, c)
	}
	return cases
}

// BenchmarkLintCases scores our linter and squawk on the cases of the linter's tests, by the hazards' names.
func BenchmarkLintCases(b *testing.B) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		b.Fatal(err)
	}
	cases := lintCases(b, root)
	b.Run("ours", func(b *testing.B) {
		server, err := devdb.Start(context.Background(), devdb.Config{})
		if err != nil {
			b.Fatal(err)
		}
		defer server.Close()
		for b.Loop() {
			var s score
			for _, c := range cases {
				s.add(c.want, ours(b, server, c))
			}
			s.report(b)
		}
	})
	b.Run("squawk", func(b *testing.B) {
		squawk := installSquawk(b)
		for b.Loop() {
			var s score
			for _, c := range cases {
				s.add(c.want, squawkFindings(b, squawk, c))
			}
			s.report(b)
		}
	})
}

func ours(b *testing.B, server *devdb.Server, c lintCase) [][]string {
	b.Helper()
	dir := b.TempDir()
	for name, text := range map[string]string{"1_before.sql": c.before, "2_migration.sql": c.migration} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	if err := migration.Rehash(b.Context(), dir, nil); err != nil {
		b.Fatal(err)
	}
	d, err := migration.Read(os.DirFS(dir))
	invalid := (migration.Errors)(nil)
	if err != nil && !errors.As(err, &invalid) {
		b.Fatal(err)
	}
	r := lint.Invalid(invalid)
	if invalid.Readable() {
		r, err = lint.Run(context.Background(), lint.Config{
			Start: func(context.Context, []string) (*devdb.Server, error) { return server, nil }, Dir: d, Latest: 1,
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var found [][]string
	for _, f := range r.Files {
		for _, d := range f.Diagnostics {
			found = append(found, []string{d.Name})
		}
	}
	return found
}

// squawkVersion is the version of the npm packages squawk-cli and @squawk-cli/linux-x64. The latter contains the
// program.
const squawkVersion = "2.66.0"

// installSquawk returns the program's path. It installs it once per machine.
func installSquawk(b *testing.B) string {
	b.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		b.Skip(err)
	}
	dir := filepath.Join(cache, "ibutsu-schema", "bench", "squawk-"+squawkVersion)
	program := filepath.Join(dir, "node_modules", "@squawk-cli", "linux-x64", "bin", "squawk")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if _, err := exec.LookPath("npm"); err != nil {
		b.Skip("npm, which installs squawk, isn't installed")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefix", dir, "@squawk-cli/linux-x64@"+squawkVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("installing squawk: %v\n%s", err, out)
	}
	return program
}

func squawkFindings(b *testing.B, squawk string, c lintCase) [][]string {
	b.Helper()
	args := []string{"--reporter", "json", "--pg-version", "15.0", "--exclude", strings.Join(squawkTaste, ",")}
	if !strings.HasPrefix(c.migration, "-- atlas:txmode none") {
		args = append(args, "--assume-in-transaction")
	}
	cmd := exec.Command(squawk, args...)
	cmd.Stdin = strings.NewReader(c.migration)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		b.Fatal(err)
	}
	var list []struct {
		Rule string `json:"rule_name"`
	}
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		b.Fatalf("%s: %v\n%s%s", c.name, err, out.String(), stderr.String())
	}
	var found [][]string
	for _, f := range list {
		found = append(found, squawkRules[f.Rule])
	}
	return found
}

// BenchmarkLint measures the whole command on a pull request's migration.
func BenchmarkLint(b *testing.B) {
	s := newSetup(b)
	hundred := ""
	for i := range 50 {
		hundred += fmt.Sprintf("CREATE TABLE t%d (id bigint PRIMARY KEY, name text);\nALTER TABLE results ADD COLUMN c%d int;\n", i, i)
	}
	for _, bench := range []struct{ name, sql string }{
		{"one-statement", "ALTER TABLE results ADD COLUMN flaky boolean;\n"},
		{"100-statements", hundred},
	} {
		dir := b.TempDir()
		for _, name := range []string{"schema.hcl", "atlas.hcl", "migrations"} {
			if out, err := exec.Command("cp", "-r", filepath.Join(s.root, name), dir).CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
		}
		const name = "20991231000000_next.sql"
		for file, text := range map[string]string{name: bench.sql, "down/" + name: "-- alembic:down none it is a benchmark\n\n"} {
			if err := os.WriteFile(filepath.Join(dir, "migrations", file), []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
		s.run(dir, nil, s.tool, "rehash")
		median(b, bench.name, func() time.Duration { return s.run(dir, nil, s.tool, "lint", "-latest=1") })
		if bench.name == "one-statement" {
			file := filepath.Join(dir, "migrations", name)
			median(b, "squawk", func() time.Duration {
				return s.run(dir, nil, installSquawk(b), "--exclude", strings.Join(append(squawkTaste, "prefer-robust-stmts"), ","), file)
			})
		}
	}
}

// BenchmarkLintLarge lints a file of 625 to 5,000 statements in one transaction, and files of 50 to 400 new tables with
// an index each. Each size is twice the one before: time and memory should at most double, too.
func BenchmarkLintLarge(b *testing.B) {
	s := newSetup(b)
	tables := func(n int) string {
		var sql strings.Builder
		for i := range n {
			fmt.Fprintf(&sql, "CREATE TABLE t%d (id bigint PRIMARY KEY, n int, at timestamptz, name text);\nCREATE INDEX i%d ON t%d (n);\n", i, i, i)
		}
		return sql.String()
	}
	statements := func(n int) string {
		var sql strings.Builder
		for i := range n {
			switch k := i / 5; i % 5 {
			case 0:
				fmt.Fprintf(&sql, "CREATE TABLE x%d (id bigint PRIMARY KEY, n int);\n", k)
			case 1:
				fmt.Fprintf(&sql, "CREATE INDEX x%d_n ON x%d (n);\n", k, k)
			case 2:
				fmt.Fprintf(&sql, "ALTER TABLE t%d ADD COLUMN c%d text;\n", k%200, k)
			case 3:
				fmt.Fprintf(&sql, "UPDATE t%d SET name = 'x' WHERE id = %d;\n", k%200, k)
			case 4:
				fmt.Fprintf(&sql, "DROP INDEX x%d_n;\n", k)
			}
		}
		return sql.String()
	}
	inserts := func(n int) string {
		var sql strings.Builder
		for i := range n {
			fmt.Fprintf(&sql, "INSERT INTO t%d (id) VALUES (%d);\n", i%200, i)
		}
		return sql.String()
	}
	for _, bench := range []struct {
		name      string
		base, sql func(int) string
		sizes     []int
	}{
		{"tables", func(int) string { return "SELECT 1;\n" }, tables, []int{50, 100, 200, 400}},
		{"statements", func(int) string { return tables(200) }, statements, []int{625, 1250, 2500, 5000}},
		{"inserts", func(int) string { return tables(200) }, inserts, []int{500, 1000, 2000, 4000}},
	} {
		for _, n := range bench.sizes {
			root := b.TempDir()
			write(b, root, "atlas.hcl", projectHCL)
			write(b, root, "schema.hcl", "schema \"public\" {\n}\n")
			write(b, root, "migrations/20240101000000_base.sql", bench.base(n))
			write(b, root, "migrations/20240102000000_change.sql", bench.sql(n))
			for _, name := range []string{"20240101000000_base", "20240102000000_change"} {
				write(b, root, "migrations/down/"+name+".sql", "-- alembic:down none it is a benchmark\n\n")
			}
			s.run(root, nil, s.tool, "rehash")
			s.measured(b, fmt.Sprintf("%s/%d", bench.name, n), os.Environ(), func() (string, []string) {
				return root, []string{"lint", "-latest=1"}
			})
		}
	}
}
