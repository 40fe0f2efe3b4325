package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/sqlclient"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

var update = flag.Bool("update", false, "write the golden files")

// outputs has an archive of outputs for each command.
var outputs = sync.OnceValues(func() ([]*testcase.Case, error) { return testcase.Read("testdata/outputs") })

// golden compares with the file COMMAND-*.* or COMMAND.* in the command's archive.
func golden(t *testing.T, name, got string) {
	t.Helper()
	archives, err := outputs()
	if err != nil {
		t.Fatal(err)
	}
	command := name[:strings.IndexAny(name, "-.")]
	i := slices.IndexFunc(archives, func(c *testcase.Case) bool { return c.Name == command })
	if i < 0 {
		t.Fatalf("testdata/outputs has no %s.txtar for %s", command, name)
	}
	if *update {
		if err := archives[i].Update(name, map[string]string{"": got}); err != nil {
			t.Fatal(err)
		}
	}
	want, ok := archives[i].Files[name]
	if !ok {
		t.Fatalf("%s.txtar has no file %s", command, name)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: -want +got\n%s", name, d)
	}
}

// show runs a printer's method and returns what it wrote.
func show(t *testing.T, format Format, method func(*Printer) error) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := method(&Printer{
		Out: NewStream(&out, noEnv), Format: format, SchemaFile: "schema.hcl", Dir: "migrations",
		URL: "postgres://me:hunter2@db.example:5433/ibutsu?sslpassword=hunter2",
	})
	if strings.Contains(out.String(), "hunter2") {
		t.Errorf("the password is shown:\n%s", out.String())
	}
	return out.String(), err
}

// decode reads JSON as the Atlas SDK does.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// wantEnv is the environment that every result's JSON names.
var wantEnv = atlasexec.Env{
	Driver: "postgres", Dir: "migrations",
	URL: &sqlclient.URL{URL: &url.URL{Scheme: "postgres", Host: "db.example:5433", Path: "/ibutsu"}},
}

// project is a folder of three migrations, the second with names that need quoting.
var project = fstest.MapFS{
	"20240101000000_init.sql":    {Data: []byte("-- alembic:revision cacecc4f1237\n\nCREATE TABLE t (id int);\n")},
	"20240102000000_Mixed_.sql":  {Data: []byte("CREATE TABLE \"My <Table>\" (id int);\nCREATE INDEX \"I\" ON \"My <Table>\" (id);\n")},
	"20240103000000_index_t.sql": {Data: []byte("-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON t (id);\n")},
}

func files(t *testing.T) []*migration.File {
	t.Helper()
	dir, err := migration.Read(project)
	if err != nil {
		t.Fatal(err)
	}
	return dir.Files()
}

var start = time.Date(2026, 5, 18, 19, 30, 0, 0, time.UTC)

func TestParseFormat(t *testing.T) {
	actions := func(name string) (string, bool) { return "true", name == "GITHUB_ACTIONS" }
	nothing := func(string) (string, bool) { return "", false }
	for _, tt := range []struct {
		word    string
		lookup  func(string) (string, bool)
		further []Format
		want    Format
		err     string
	}{
		{"", nothing, nil, Text, ""},
		{"", actions, nil, Text, ""},
		{"", actions, []Format{GitHub}, GitHub, ""},
		{"text", actions, []Format{GitHub}, Text, ""},
		{"json", nothing, nil, JSON, ""},
		{"github", nothing, nil, "", "-format=github is unknown; known formats: text, json"},
		{"sarif", nothing, []Format{GitHub}, "", "-format=sarif is unknown; known formats: text, json, github"},
		{"JSON", nothing, nil, "", "-format=JSON is unknown; known formats: text, json"},
	} {
		got, err := ParseFormat(tt.word, tt.lookup, tt.further...)
		if got != tt.want || err != nil && err.Error() != tt.err || (err == nil) != (tt.err == "") {
			t.Errorf("ParseFormat(%q): got %q, %v; want %q, %s", tt.word, got, err, tt.want, tt.err)
		}
		if err != nil && ExitCode(err) != ExitUsage {
			t.Errorf("ParseFormat(%q): exit code %d", tt.word, ExitCode(err))
		}
	}
}

func TestExitCode(t *testing.T) {
	child := exec.Command("go", "no-such-command").Run()
	var exit *exec.ExitError
	if !errors.As(child, &exit) || exit.ExitCode() != 2 {
		t.Fatal(child)
	}
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("x"), 1},
		{fmt.Errorf("a: %w", usage.Errorf("x")), 2},
		{fmt.Errorf("a: %w", &usage.Error{}), 2},
		{plan.ErrNoName, 2},
		{&FindingsError{}, 3},
		{fmt.Errorf("a: %w", &migrator.LockedError{}), 4},
		{child, 1},
		{fmt.Errorf("a: %w", child), 1},
		{errors.Join(errors.New("x"), child), 1},
		{fmt.Errorf("%w: %w", child, &FindingsError{}), 3},
		{fmt.Errorf("%w: %w", child, &migrator.LockedError{}), 4},
	} {
		if got := ExitCode(tt.err); got != tt.want {
			t.Errorf("ExitCode(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestStyle(t *testing.T) {
	set := func(string) (string, bool) { return "", false }
	if s := styleFor(io.Discard, set); s.bad("x") != "x" {
		t.Error("color without a terminal")
	}
	if got := (style{colored: true}).bad("x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("got %q", got)
	}
}

func TestPlan(t *testing.T) {
	r := &plan.Plan{
		Files: []plan.File{{
			Draft: migration.Draft{
				Name: "20261124070000_drop_t_a_add_flaky.sql",
				SQL:  "ALTER TABLE \"My <Table>\" DROP COLUMN a;\n", Down: "ALTER TABLE \"My <Table>\" ADD COLUMN a int;\n",
			},
			Version: "20261124070000",
			Effect:  catalog.Effect{Add: []string{"column public.results.flaky: boolean"}, Remove: []string{`column public."My <Table>".a: integer`}},
			Losses:  []string{`column public."My <Table>".a`},
		}, {
			Draft: migration.Draft{
				Name: "20261124070001_index.sql",
				SQL:  "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON t (b);\n", Down: "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY i;\n",
			},
			Version: "20261124070001",
			Effect:  catalog.Effect{Add: []string{"index public.t.i: CREATE INDEX i ON public.t USING btree (b)"}},
		}},
		Outside: []state.Outside{{Kind: "view", Names: []string{"public.a", "public.b", "public.c", `public."D"`}}},
	}
	change := hazard.TypeChange{
		Table: "public.t", Named: "t", Column: "A b", From: hazard.Type{Name: "text"}, To: hazard.Type{Name: "jsonb"},
		Using: `"A b"::jsonb`, Seen: hazard.Seen{Rewrites: true},
	}
	back := change
	back.From, back.To, back.Using = change.To, change.From, ""
	narrow := back
	narrow.To = hazard.Type{Name: "character varying(3)"}
	hazardous := &plan.Plan{Files: []plan.File{{
		Draft:   migration.Draft{Name: "20261124070000_change_t.sql", SQL: "ALTER TABLE t ALTER a TYPE jsonb;\n", Down: "ALTER TABLE t ALTER a TYPE varchar(3);\n"},
		Version: "20261124070000", Effect: catalog.Effect{Add: []string{"column public.t.a: jsonb"}, Remove: []string{"column public.t.a: text"}},
		Hazards: append(change.Cost(), change.Values()...), DownHazards: append(narrow.Cost(), narrow.Values()...),
	}}}
	for _, tt := range []struct {
		golden string
		format Format
		dryRun bool
		plan   *plan.Plan
	}{
		{"plan.txt", Text, false, r},
		{"plan-dryrun.txt", Text, true, r},
		{"plan-nothing.txt", Text, false, &plan.Plan{}},
		{"new.txt", Text, false, &plan.Plan{Files: []plan.File{{Draft: migration.Draft{Name: "20261124070000_data.sql"}, Version: "20261124070000", ByHand: true}}}},
		{"plan-work.txt", Text, false, &plan.Plan{Files: []plan.File{{Version: "20261124070000", Draft: migration.Draft{
			Name: "20261124070000_add_n_2.sql",
			SQL:  "-- atlas:txmode none\n\n-- Fill n, batch by batch.\n-- repeatable it fills NULLs\nDO $$BEGIN COMMIT; END$$;\n\nANALYZE t (n);\n",
		}, Does: []string{"Fill n, batch by batch.", "ANALYZE t (n)"}}}}},
		{"plan-hazards.txt", Text, false, hazardous},
		{"plan-hazards.json", JSON, false, hazardous},
		{"plan-irreversible.txt", Text, false, &plan.Plan{Files: []plan.File{{Version: "20261124070000", Draft: migration.Draft{
			Name: "20261124070000_add_mood_glad.sql",
			SQL:  "ALTER TYPE mood ADD VALUE 'glad';\n", Down: "-- alembic:down none PostgreSQL cannot remove a value from an enum\n\n",
		}, NoWayBack: "PostgreSQL cannot remove a value from an enum", Effect: catalog.Effect{Add: []string{"enum public.mood: ('sad', 'glad')"}, Remove: []string{"enum public.mood: ('sad')"}}}}}},
		{"plan.json", JSON, false, r},
		{"plan-nothing.json", JSON, false, &plan.Plan{}},
	} {
		got, err := show(t, tt.format, func(p *Printer) error { return p.Plan(tt.plan, tt.dryRun) })
		if err != nil {
			t.Error(err)
		}
		golden(t, tt.golden, got)
		if tt.golden == "plan.json" {
			want := atlasexec.MigrateDiff{Dir: "migrations", Files: []atlasexec.File{
				{Name: r.Files[0].Name, Version: "20261124070000", Description: "drop_t_a_add_flaky", Content: r.Files[0].SQL},
				{Name: r.Files[1].Name, Version: "20261124070001", Description: "index", Content: r.Files[1].SQL},
			}}
			if d := cmp.Diff(want, decode[atlasexec.MigrateDiff](t, got)); d != "" {
				t.Error(d)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	r := &history.CheckResult{
		Files: []string{"20240101000000_init.sql", "20240102000000_b.sql"},
		Findings: []proof.Finding{
			{Kind: proof.FindingSum, File: "atlas.sum", Text: "20240101000000_init.sql was edited: run rehash"},
			{Kind: proof.FindingPlan, Text: "schema.hcl and the migrations differ: run plan", Differences: []catalog.Difference{
				{Table: "results", Object: "flaky", Kind: "column", Want: "boolean", Text: "column results.flaky is missing"},
			}},
			{Kind: proof.FindingDown, File: "down/20240102000000_b.sql", Line: 7, Text: "the down file fails: relation \"x\" does not exist"},
			{Kind: proof.FindingDown, File: "down/20240102000000_b.sql", Text: "the down file does not\nreverse it"},
			{Kind: proof.FindingDone, File: "done/20240102000000_b.sql", Line: 2, Text: "the query fails: it must return one row with true or false"},
			{Kind: proof.FindingDocs, File: "docs/schema/t.md", Text: "it is missing: run docs"},
		},
	}
	text, err := show(t, Text, func(p *Printer) error { return p.Check(r) })
	golden(t, "check.txt", text)
	if ExitCode(err) != ExitFindings || err.Error() != "6 findings" {
		t.Errorf("error %v", err)
	}
	text, err = show(t, JSON, func(p *Printer) error { return p.Check(r) })
	golden(t, "check.json", text)
	if ExitCode(err) != ExitFindings {
		t.Errorf("error %v", err)
	}
	got := decode[atlasexec.SummaryReport](t, text)
	var have []string
	for _, f := range got.Files {
		for _, rep := range f.Reports {
			for _, d := range rep.Diagnostics {
				have = append(have, f.Name+"|"+f.Error+"|"+rep.Text+"|"+d.Text)
			}
		}
	}
	const down = "down/20240102000000_b.sql|down files don't reverse their migrations|down files don't reverse their migrations|"
	want := []string{
		"atlas.sum|checksums don't match|checksums don't match|20240101000000_init.sql was edited: run rehash",
		"schema.hcl|the schema file and the migrations differ|the schema file and the migrations differ|schema.hcl and the migrations differ: run plan",
		down + "the down file fails: relation \"x\" does not exist",
		down + "the down file does not\nreverse it",
		"done/20240102000000_b.sql|queries about data steps fail|queries about data steps fail|the query fails: it must return one row with true or false",
		"docs/schema/t.md|the pages about the schema are out of date|the pages about the schema are out of date|it is missing: run docs",
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(wantEnv, atlasexec.Env(got.Env)); d != "" {
		t.Error(d)
	}

	text, err = show(t, Text, func(p *Printer) error {
		return p.Check(&history.CheckResult{Files: r.Files, Outside: []state.Outside{{Kind: "policy", Names: []string{"public.t.p"}}}})
	})
	golden(t, "check-ok.txt", text)
	if err != nil {
		t.Error(err)
	}
	for n, want := range []string{
		"OK: there are no migrations, and schema.hcl needs none.\n",
		"OK: the migration produces schema.hcl, and its down file reverses it.\n",
	} {
		text, err = show(t, Text, func(p *Printer) error { return p.Check(&history.CheckResult{Files: r.Files[:n]}) })
		if text != want || err != nil {
			t.Errorf("%d migrations: %q, %v", n, text, err)
		}
	}
}

// A file whose statements ran but that couldn't be recorded isn't applied.
func TestApplyThatCouldNotBeRecorded(t *testing.T) {
	f := files(t)
	denied := errors.New("creating public.alembic_version: permission denied for schema public")
	lost := &migrator.OutcomeError{Err: errors.New("unexpected EOF")}
	for _, tt := range []struct {
		name string
		runs []*migrator.FileRun
		err  error
		text string
	}{
		{"the first", []*migrator.FileRun{{File: f[0]}}, denied, ""},
		{"the second", []*migrator.FileRun{{File: f[0], Done: true}, {File: f[1]}}, denied, "Applied 1 of 3 migrations: the database is at 20240101000000 (cacecc4f1237).\n"},
		{"after the last", []*migrator.FileRun{{File: f[0], Done: true}}, denied, "Applied 1 of 3 migrations: the database is at 20240101000000 (cacecc4f1237).\n"},
		{"nobody knows", []*migrator.FileRun{{File: f[0], Done: true}, {File: f[1]}}, lost, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := &migrator.Result{Planned: f, Ran: tt.runs, Revision: "cacecc4f1237"}
			text, _ := show(t, Text, func(p *Printer) error { return p.Run(res, tt.err) })
			if d := cmp.Diff(tt.text, text); d != "" {
				t.Error(d)
			}
			text, _ = show(t, JSON, func(p *Printer) error { return p.Run(res, tt.err) })
			for i, r := range decode[atlasexec.MigrateApply](t, text).Applied {
				if done := tt.runs[i].Done; done != (r.Error == nil) || !done && r.Error.Text != tt.err.Error() {
					t.Errorf("%s has the error %v", r.Name, r.Error)
				}
			}
		})
	}
}

func TestApply(t *testing.T) {
	f := files(t)
	head := &migrator.Result{
		Start: start, End: start.Add(412 * time.Millisecond), Current: "20240101000000", Target: "20240103000000", Revision: "20240103000000",
		Planned: f[1:], Settled: "the journal is filled in",
		Ran: []*migrator.FileRun{
			{File: f[1], Start: start, End: start.Add(time.Second), Applied: []string{f[1].Stmts[0].Text, f[1].Stmts[1].Text}, Done: true},
			{File: f[2], Start: start, End: start.Add(time.Second), Skipped: 1, Applied: []string{}, Done: true},
		},
	}
	stmtErr := &migrator.StmtError{
		File: f[1].Name, Pos: pgsql.Pos{Line: 2, Col: 14}, Stmt: f[1].Stmts[1].Text, N: 2, Total: 2, State: "nothing of this file was done",
		Err: &pgconn.PgError{Severity: "ERROR", Code: "42P07", Message: `relation "I" already exists`},
	}
	failed := &migrator.Result{
		Start: start, End: start.Add(time.Minute), Target: "20240103000000", Revision: "cacecc4f1237", Planned: f,
		Ran: []*migrator.FileRun{
			{File: f[0], Start: start, End: start, Applied: []string{f[0].Stmts[0].Text}, Done: true},
			{File: f[1], Start: start, End: start, Applied: []string{f[1].Stmts[0].Text}, Err: stmtErr},
		},
	}
	c := contractAt(f, 1)
	stopped := &migrator.Result{
		Start: start, End: start.Add(time.Second), Target: "20240101000000", Revision: "cacecc4f1237", Planned: c[:1], Waiting: c[1:],
		Ran: []*migrator.FileRun{{File: f[0], Start: start, End: start, Applied: []string{f[0].Stmts[0].Text}, Done: true}},
	}
	passed := &migrator.Result{
		Start: start, End: start.Add(time.Second), Current: "20240101000000", Target: "20240102000000", Revision: "20240102000000", Planned: c[1:2], Passed: c[1:2],
		Ran: []*migrator.FileRun{{File: c[1], Start: start, End: start, Applied: []string{}, Done: true}},
	}
	nothing := &migrator.Result{Start: start, End: start, Current: "20240101000000", Target: "20240101000000", Revision: "cacecc4f1237"}
	for _, tt := range []struct {
		golden string
		res    *migrator.Result
		err    error
	}{
		{"apply.txt", head, nil},
		{"apply.json", head, nil},
		{"apply-failed.txt", failed, stmtErr},
		{"apply-failed.json", failed, stmtErr},
		{"apply-nothing.txt", nothing, nil},
		{"apply-nothing.json", nothing, nil},
		{"apply-stopped.txt", stopped, nil},
		{"apply-stopped.json", stopped, nil},
		{"apply-passed.txt", passed, nil},
		{"apply-base.txt", &migrator.Result{}, nil},
		{"apply-ahead.txt", &migrator.Result{Current: "1", Revision: "3", Ahead: []string{"2", "3"}}, nil},
		{"apply-dryrun.txt", &migrator.Result{Planned: f[:1], Script: "BEGIN;\nCREATE TABLE t ();\nCOMMIT;\n"}, nil},
	} {
		format := Text
		if strings.HasSuffix(tt.golden, ".json") {
			format = JSON
		}
		got, err := show(t, format, func(p *Printer) error { return p.Run(tt.res, tt.err) })
		if err != tt.err {
			t.Errorf("%s: error %v, want %v", tt.golden, err, tt.err)
		}
		golden(t, tt.golden, got)
	}

	text, _ := show(t, JSON, func(p *Printer) error { return p.Run(failed, stmtErr) })
	got := decode[atlasexec.MigrateApply](t, text)
	sdk := func(f *migration.File) atlasexec.File {
		return atlasexec.File{Name: f.Name, Version: f.Version, Description: f.Desc}
	}
	want := atlasexec.MigrateApply{
		Env: wantEnv, Pending: []atlasexec.File{sdk(f[0]), sdk(f[1]), sdk(f[2])}, Target: "20240103000000",
		Start: start, End: start.Add(time.Minute), Error: stmtErr.Error(),
		Applied: []*atlasexec.AppliedFile{
			{File: sdk(f[0]), Start: start, End: start, Applied: []string{"CREATE TABLE t (id int)"}},
			{File: sdk(f[1]), Start: start, End: start, Applied: []string{`CREATE TABLE "My <Table>" (id int)`}},
		},
	}
	want.Applied[1].Error = &struct{ Stmt, Text string }{`CREATE INDEX "I" ON "My <Table>" (id)`, `relation "I" already exists`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	usage := &usage.Error{Text: "-to and -n can't be used together"}
	if text, err := show(t, JSON, func(p *Printer) error { return p.Run(nothing, usage) }); text != "" || err != usage {
		t.Errorf("wrong usage: %q, %v", text, err)
	}
}

func TestAnnotation(t *testing.T) {
	got := annotation{level: "error", file: "a,b:c/50%.sql", line: 3, col: 1, title: "x: y", text: "100%\r\nsure: yes, it is"}.String()
	want := "::error file=a%2Cb%3Ac/50%25.sql,line=3,col=1,title=x%3A y::100%25%0Asure: yes, it is"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// docs/reference.md has each exit code.
func TestExitCodesDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n### Exit codes\n")
	table, _, _ = strings.Cut(table, "\n### ")
	for _, code := range []int{ExitDone, ExitFailed, ExitUsage, ExitFindings, ExitLocked} {
		if !strings.Contains(table, fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("the reference doesn't have exit code %d", code)
		}
	}
}
