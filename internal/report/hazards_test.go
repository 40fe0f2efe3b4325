package report

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const pages = "../../docs/hazards"

// without are the rules without an example, and why.
var without = map[string]string{
	"concurrent-index-corruption": "it is only about PostgreSQL 14.0 to 14.3",
	"non-linear-history":          historic, "edited-applied-file": historic, "lint-settings-changed": historic, "deploy-order-split": historic,
	"checksum-mismatch": damaged, "invalid-file": damaged, "byte-order-mark": damaged, "carriage-returns": damaged, "large-file": damaged,
	"misread-by-atlas":  damaged,
	"most-rows-changed": sized,
	"ownership-policy":  configured, "naming-convention": configured, "custom-rule": configured,
	"down-file-missing": paired, "down-file-wrong": paired, "schema-not-planned": paired, "irreversible": paired,
}

const (
	configured = "atlas.hcl decides what it reports"
	historic   = "it is about the history of the files, not about what is in one"
	damaged    = "it is about the bytes of a file"
	paired     = "it is about several files"
	sized      = "it is about the sizes of a database's tables"
)

// TestHazards compares the pages in docs/hazards with the rules, and runs their examples; -update writes them.
func TestHazards(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/hazards.txtar")
	if err != nil {
		t.Fatal(err)
	}
	examples := make(map[string]string)
	for _, f := range archive.Files {
		if _, twice := examples[f.Name]; twice {
			t.Errorf("two examples are called %s", f.Name)
		}
		examples[f.Name] = string(f.Data)
	}
	names := []string{"README.md"}
	for _, r := range lint.Rules() {
		names = append(names, r.Name+".md")
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			pgtest.Versions(t, "15-15") // the pages show what it does
			comparePage(t, r.Name+".md", hazardPage(t, r, examples))
		})
	}
	for name := range examples {
		rule, part, _ := strings.Cut(name, " ")
		if name != "before" && (!slices.Contains(names, rule+".md") || part != "" && part != "before" && part != "good") {
			t.Errorf("no page shows the example %s", name)
		}
	}
	var index document
	index.put("# Hazards\n\nWhat `lint` looks for, by subject. `lint -list` prints this list, and `lint -explain=NAME` a page.\n\n",
		"| Name | Code | Severity | Default | Hazard |\n| --- | --- | --- | --- | --- |\n")
	for _, r := range lint.Rules() {
		on := "on"
		if r.OptIn {
			on = "off"
		}
		index.put(markdown(fmt.Sprintf("| [%s](%s.md) | %s | %s | %s | %s |\n", r.Name, r.Name, r.Code, r.Severity, on, r.Help)))
	}
	comparePage(t, "README.md", string(index.markdown()))
	files, err := os.ReadDir(pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(names, f.Name()) {
			t.Errorf("%s/%s is about no rule", pages, f.Name())
		}
	}
}

// comparePage compares a page with its file, or writes it.
func comparePage(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(pages, name)
	if *update {
		if err := os.MkdirAll(pages, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(have)); diff != "" {
		t.Errorf("%s is stale (-page +file): %s", file, diff)
	}
}

// hazardPage returns the page about a rule.
func hazardPage(t *testing.T, r lint.Rule, examples map[string]string) string {
	t.Helper()
	var d document
	d.put(markdown(fmt.Sprintf("# %s\n\n%s, %s", r.Name, r.Code, r.Severity)))
	switch {
	case r.Name == "ownership-policy":
		d.put(". An owner block turns it on:\n\n```hcl\nlint {\n  owner \"billing-team\" {\n    match = \"billing\\\\..*\" # all of a table's name, with its schema unless that is public\n  }\n}\n```\n")
	case r.OptIn:
		d.put(markdown(fmt.Sprintf(", off by default. To turn it on, write this in the `lint` block of `atlas.hcl`:\n\n```hcl\ncheck %q {\n  skip = false\n}\n```\n", r.Name)))
	case r.Analyzer == "":
		d.put(". Comments in a file don't silence it.\n")
	default:
		d.put(markdown(fmt.Sprintf(". To silence it for a statement, write `-- atlas:nolint %s -- REASON` above it.\n", r.Name)))
	}
	if r.BySize() {
		d.put("On a table smaller than `lint.small` it is a warning.\n")
	}
	d.put("\n", markdown(r.Help), "\n")
	bad, ok := examples[r.Name]
	switch why, none := without[r.Name]; {
	case ok && none:
		t.Fatalf("%s has an example, and a reason for none", r.Name)
	case none:
		d.put("\nIt has no example, because ", markdown(why), ".\n")
		return string(d.markdown())
	case !ok:
		t.Fatalf("%s has no example in testdata/hazards.txtar", r.Name)
	}
	before := examples["before"] + examples[r.Name+" before"]
	found := lintExample(t, r, before, []string{bad})
	if own := examples[r.Name+" before"]; own != "" {
		d.put("\n## Given\n\n", fenced("sql", own))
	}
	d.put("\n## Hazard\n\n")
	file := exampleFile(found, 0)
	d.put(fenced("sql", bad), traced(file))
	var instead fix.Text
	hit := false
	for _, f := range found.Files {
		for _, o := range f.Diagnostics {
			if o.Name != r.Name {
				continue
			}
			if !hit {
				instead = o.Fix
			}
			hit = true
			d.put("\n", markdown(fmt.Sprintf("> %s: %s\n", o.Severity, strings.ReplaceAll(o.Describe(), "\n", " "))))
		}
	}
	if !hit {
		for _, f := range found.Files {
			for _, o := range f.Diagnostics {
				t.Logf("%s: %s: %s", f.Name, o.Name, o.Text)
			}
		}
		t.Errorf("the example of %s isn't reported", r.Name)
	}
	var good []string
	switch own, ok := examples[r.Name+" good"]; {
	case ok:
		good = strings.Split(own, "-- in another file:\n")
	case instead.ID() != "":
		for _, part := range instead.Files() {
			part = strings.ReplaceAll(part, "repeatable "+fix.Reason, "repeatable nothing changes the second time")
			if strings.Contains(part, fix.Blank) {
				t.Fatalf("the fix of %s has a blank; write an example of what is good", r.Name)
			}
			good = append(good, part)
		}
	}
	if len(good) == 0 {
		if !instead.Empty() {
			d.put("\n## Instead\n\n", markdown(upperFirst(instead.String())), ".\n")
		}
		return string(d.markdown())
	}
	d.put("\n## Instead\n\n")
	after := lintExample(t, r, before, good)
	for i, sql := range good {
		if i > 0 {
			d.put("\nThen, in another file:\n\n")
		}
		d.put(fenced("sql", sql), traced(exampleFile(after, i)))
	}
	for _, f := range after.Files {
		for _, o := range f.Diagnostics {
			if o.Name == r.Name || o.Name == "migration-fails" || o.Name == "invalid-file" {
				t.Errorf("the good example of %s is reported: %s: %s", r.Name, o.Name, o.Text)
			}
		}
	}
	return string(d.markdown())
}

// traced returns the table of locks of a file.
func traced(f lint.FileReport) markdown {
	for _, s := range f.Statements {
		if len(s.Effects) > 0 {
			return lockTable(f)
		}
	}
	for _, s := range f.Statements {
		if s.Refused {
			return ""
		}
	}
	if f.Statements == nil {
		return ""
	}
	return "\nIt takes no lock that blocks anything on tables that existed before.\n"
}

func exampleFile(r *lint.Report, i int) lint.FileReport {
	for _, f := range r.Files {
		if f.Name == exampleName(i) {
			return f
		}
	}
	return lint.FileReport{}
}

func exampleName(i int) string { return fmt.Sprintf("202601020000%02d_example.sql", i) }

// lintExample lints files after a migration.
func lintExample(t *testing.T, r lint.Rule, before string, files []string) *lint.Report {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("20260101000000_before.sql", before)
	for i, text := range files {
		write(exampleName(i), text)
	}
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	dir, err := migration.Read(os.DirFS(root))
	if dir == nil {
		t.Fatal(err)
	}
	on := false
	found, err := lint.Run(t.Context(), lint.Config{
		Start: func(context.Context, []string) (*devdb.Server, error) { return pgtest.Server(t), nil },
		Dir:   dir, Root: root, Latest: len(files),
		Policy:    lint.Policy{Checks: map[string]lint.Setting{r.Name: {Skip: &on}}},
		LookupEnv: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestRules lists the rules and explains one.
func TestRules(t *testing.T) {
	text, err := show(t, Text, (*Printer).Rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"drop-table                           DS102  error    on   Deletes the rows, and queries that still use the table fail.",
		"fk-type-mismatch                     IB714  warning  off  Comparing different types is slow and may fail.",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no line %q in:\n%s", want, text)
		}
	}
	if got, want := strings.Count(text, "\n"), len(lint.Rules()); got != want {
		t.Errorf("%d lines for %d rules", got, want)
	}
	text, err = show(t, JSON, (*Printer).Rules)
	if err != nil {
		t.Fatal(err)
	}
	if list := decode[[]explained](t, text); len(list) != len(lint.Rules()) || list[0].Code != lint.Rules()[0].Code {
		t.Errorf("got %s", text)
	}
	explain := func(name string) func(*Printer) error {
		return func(p *Printer) error { return p.Explain(name, os.DirFS(pages)) }
	}
	for _, r := range lint.Rules() {
		text, err := show(t, Text, explain(r.Code))
		if err != nil || !strings.HasPrefix(text, "# "+r.Name+"\n") || !strings.Contains(text, r.Help) {
			t.Errorf("%s: %v, %q", r.Code, err, text)
		}
	}
	text, err = show(t, JSON, explain("MF102")) // Atlas's second code
	if err != nil {
		t.Fatal(err)
	}
	e := decode[explained](t, text)
	want := explained{Name: "unique-data", Code: "MF101", Severity: "error", Analyzer: "data_depend", Help: e.Help,
		HelpURI: "https://github.com/ibutsu/ibutsu-schema/blob/main/docs/hazards/unique-data.md", Page: e.Page}
	if e != want || e.Help == "" || !strings.HasPrefix(e.Page, "# unique-data\n") {
		t.Errorf("got %+v", e)
	}
	for name, want := range map[string]string{
		"drop-tabel": "-explain=drop-tabel: no check has this name; did you mean drop-table?",
		"ds102":      "-explain=ds102: no check has this name; did you mean DS102?",
		"nothing":    "-explain=nothing: no check has this name; -list prints all",
		"":           "-explain=: no check has this name; -list prints all",
		"../../etc":  "-explain=../../etc: no check has this name; -list prints all",
	} {
		if _, err := show(t, Text, explain(name)); errorText(err) != want || ExitCode(err) != ExitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}
