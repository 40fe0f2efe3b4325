package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	gmtext "github.com/yuin/goldmark/text"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/alembic"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/importer"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/onboard"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/site"
)

// hostile has a line for each way in which text can do harm. secretText is a password in it.
const (
	secretText = "s3cr3tCanary"
	hostile    = "a\x1b[2J\x1b]0;title\x07\bb\r\n" +
		"::error::pwned\n" +
		" \u00a0\u2003\t::set-env name=x::y\r::add-mask::z\n" +
		"x ##[error]pwned\n" +
		"Applied 999 migrations\n" +
		"\u202egnp.sql\u2066\u200f \x7f\u0085\u009b31m \u2028::error::\u200b \xff\xc3\x28\n" +
		"@octocat #1 GH-1 org/repo#2 :skull: https://evil.example www.evil.example me@evil.example [x](https://evil.example) ![x](https://evil.example)\n" +
		"# heading\n- list\n> quote\n```\n~~~\n<script>alert(1)</script><img src=x>&amp; $x$ | **bold** `code`\n" +
		"PASSWORD '" + secretText + "' postgres://u:" + secretText + "@h/d password=" + secretText
)

// obeys reports whether GitHub's runner takes a line of output for a command:
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func obeys(line string) bool {
	return strings.HasPrefix(strings.TrimFunc(line, unicode.IsSpace), "::") || strings.Contains(line, "##[")
}

// splitLines splits output as the runner does.
func splitLines(text string) []string {
	return regexp.MustCompile(`\r\n|\r|\n`).Split(text, -1)
}

// harmless reports the harm that output does. The runner must obey exactly the given number of commands.
func harmless(t *testing.T, what, text string, runner bool, commands int) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: invalid UTF-8: %q", what, text)
	}
	for _, r := range text {
		if r != '\n' && r != '\t' && !unicode.IsGraphic(r) {
			t.Errorf("%s: %q in %q", what, r, text)
			break
		}
	}
	if strings.Contains(inPath.ReplaceAllString(text, ""), secretText) {
		t.Errorf("%s: shows the password: %s", what, text)
	}
	obeyed := 0
	for _, l := range splitLines(text) {
		if obeys(l) {
			obeyed++
		}
	}
	if runner && obeyed != commands {
		t.Errorf("%s: the runner obeys %d lines, want %d:\n%s", what, obeyed, commands, text)
	}
}

// A path contains no //, so it contains no URL.
var inPath = regexp.MustCompile(`postgres(:|%3A)/u(:|%3A)` + secretText)

// apart reports lines of foreign text that look like ours.
func apart(t *testing.T, what, text string) {
	t.Helper()
	for _, l := range splitLines(text) {
		if strings.HasPrefix(l, "Applied 999") {
			t.Errorf("%s: a line that looks like ours: %s", what, text)
		}
	}
}

// poison fills v with hostile text and leaves no field empty.
func poison(v reflect.Value, depth int) {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = start
		return
	case *time.Duration:
		*p = 90 * time.Second
		return
	case *fs.FileMode:
		return
	case *catalog.Effect: // whose lines are parsed
		name := `"` + strings.NewReplacer("\n", " ", "\r", " ").Replace(hostile) + `"`
		*p = catalog.Effect{Add: []string{"table public." + name + ": ordinary"}, Remove: []string{"view public." + name + ": SELECT 1"}}
		return
	case *error:
		*p = fmt.Errorf("%s: %w", hostile, &migrator.StmtError{File: hostile, Stmt: hostile, State: hostile, Err: &pgconn.PgError{Message: hostile, Detail: hostile, Hint: hostile, Code: "XX000"}})
		return
	}
	if depth == 0 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(1)
	case reflect.Uint32:
		v.SetUint(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		poison(v.Elem(), depth-1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			poison(v.Index(i), depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				poison(v.Field(i), depth-1)
			}
		}
	}
}

func poisoned[T any]() *T {
	v := new(T)
	poison(reflect.ValueOf(v).Elem(), 7)
	return v
}

// A result in which every text is hostile does no harm, in any format.
func TestHostileResults(t *testing.T) {
	applied, down, failed := poisoned[migrator.Result](), poisoned[migrator.Result](), *poisoned[error]()
	applied.Down = false
	status, half := poisoned[migrator.Status](), poisoned[migrator.Status]()
	status.Ahead, status.Index = nil, 0
	half.Reverting, half.Index = false, -1
	applied.Ahead, applied.Script, down.Ahead, down.Script = nil, "", nil, ""
	ahead := *applied
	ahead.Ahead = []string{hostile, hostile}
	nothing := *applied
	nothing.Planned, nothing.Ran = nil, nil
	back := *down
	back.Planned = nil
	planned, byHand := poisoned[plan.Plan](), poisoned[plan.Plan]()
	for i := range planned.Files {
		planned.Files[i].ByHand = false
		planned.Files[i].Down = "-- alembic:down none " + hostile
		byHand.Files[i].Effect = catalog.Effect{}
	}
	report := poisoned[lint.Report]()
	for i := range report.Files {
		for j := range report.Files[i].Diagnostics {
			d := &report.Files[i].Diagnostics[j]
			d.Fix, d.Query = []fix.Text{fix.Words(hostile), fix.WithoutTransaction(hostile)}[j], fix.CountRows(hostile, hostile)
			d.Severity, d.Pos, d.Line, d.Col = []lint.Severity{lint.Error, lint.Warning}[j], j, 1, j+1
		}
	}
	adopted := poisoned[adopt.Result]()
	adopted.Parts, adopted.Have = 1, 1
	adopted.Differences[0].Harmless = false
	drifted := poisoned[adopt.Drift]()
	drifted.Differences[0].Harmless = false
	foreign := poisoned[adopt.Result]()
	foreign.Parts, foreign.Have, foreign.Stamp = 9, 1, nil
	files := []*migration.File{poisoned[migration.File](), poisoned[migration.File]()}
	checkpoints := []*migration.Checkpoint{poisoned[migration.Checkpoint]()}
	dir := &lint.Report{Files: report.Files[:1], Base: hostile}
	shows := map[string]func(p *Printer) error{
		"apply":                func(p *Printer) error { return p.Run(applied, nil) },
		"apply, failed":        func(p *Printer) error { return p.Run(applied, failed) },
		"apply, ahead":         func(p *Printer) error { return p.Run(&ahead, nil) },
		"apply, nothing":       func(p *Printer) error { return p.Run(&nothing, nil) },
		"down":                 func(p *Printer) error { return p.Run(down, nil) },
		"down, failed":         func(p *Printer) error { return p.Run(down, failed) },
		"down, nothing":        func(p *Printer) error { return p.Run(&back, nil) },
		"status":               func(p *Printer) error { return p.Status(status, false) },
		"status, half":         func(p *Printer) error { return p.Status(half, false) },
		"history":              func(p *Printer) error { return p.History(files, checkpoints, failed, status) },
		"history, half":        func(p *Printer) error { return p.History(files, checkpoints, failed, half) },
		"history, no database": func(p *Printer) error { return p.History(files, checkpoints, failed, nil) },
		"plan":                 func(p *Printer) error { return p.Plan(planned, false) },
		"plan by hand":         func(p *Printer) error { return p.Plan(byHand, false) },
		"check":                func(p *Printer) error { return p.Check(poisoned[history.CheckResult]()) },
		"rebase":               func(p *Printer) error { return p.Rebase(poisoned[history.RebaseResult]()) },
		"checkpoint":           func(p *Printer) error { return p.Checkpoint(poisoned[history.CheckpointPlan]()) },
		"adopt":                func(p *Printer) error { return p.Adopt(adopted, nil) },
		"adopt, another's":     func(p *Printer) error { return p.Adopt(foreign, nil) },
		"drift":                func(p *Printer) error { return p.Drift(poisoned[adopt.Drift]()) },
		"drift, harmful":       func(p *Printer) error { return p.Drift(drifted) },
		"stamp":                func(p *Printer) error { return p.Stamp(poisoned[migrator.StampResult](), nil) },
		"export":               func(p *Printer) error { return p.Export(poisoned[alembic.Export]()) },
		"upstream": func(p *Printer) error {
			return p.Upstream(poisoned[alembic.Comparison](), *poisoned[[]importer.Suggestion](), nil)
		},
		"docs":     func(p *Printer) error { return p.Docs(poisoned[site.Result]()) },
		"baseline": func(p *Printer) error { return p.Baseline(poisoned[onboard.Baselined](), nil) },
		"import":   func(p *Printer) error { return p.Import(poisoned[importer.Result](), poisoned[lint.Report]()) },
		"version": func(p *Printer) error {
			return p.Version(Versions{Tool: hostile, Commit: hostile, Go: hostile, Atlas: hostile})
		},
		"lint":      func(p *Printer) error { return p.Lint(report) },
		"lint, one": func(p *Printer) error { return p.Lint(dir) },
	}
	for name, method := range shows {
		formats := []Format{Text, JSON}
		switch {
		case strings.HasPrefix(name, "lint"):
			formats = append(formats, GitHub, Markdown, SARIF)
		case strings.HasPrefix(name, "drift"):
			formats = append(formats, Markdown)
		}
		for _, format := range formats {
			for _, actions := range []string{"", "true"} {
				what := fmt.Sprintf("%s as %s, GITHUB_ACTIONS=%s", name, format, actions)
				var out bytes.Buffer
				p := &Printer{Out: NewStream(&out, func(name string) (string, bool) { return actions, name == "GITHUB_ACTIONS" }), Format: format, SchemaFile: "schema.hcl", Dir: "x/" + hostile}
				var found *FindingsError
				if err := method(p); err != nil && !errors.Is(err, failed) && !errors.As(err, &found) {
					t.Errorf("%s: %v", what, err)
				}
				text := out.String()
				if text == "" && !strings.Contains(name, "failed") {
					t.Errorf("%s: nothing is shown", what)
				}
				commands := 0
				if format == GitHub {
					commands = 2 * len(report.Files)
					if name == "lint, one" {
						commands = 2
					}
				}
				switch format {
				case Markdown:
					harmlessMarkdown(t, what, text)
				case JSON, SARIF:
					harmless(t, what, strings.ReplaceAll(text, secretText, ""), true, 0) // TestSecretsInJSON tests what is masked
					if !json.Valid([]byte(text)) {
						t.Errorf("%s: invalid JSON: %s", what, text)
					}
				default:
					apart(t, what, text)
					harmless(t, what, text, actions != "" || format == GitHub, commands)
				}
				if format == SARIF {
					harmlessSARIF(t, what, text)
				}
			}
		}
	}

	// A plan's files keep their lines.
	for _, actions := range []string{"", "true"} {
		var out bytes.Buffer
		p := &Printer{Out: NewStream(&out, func(name string) (string, bool) { return actions, name == "GITHUB_ACTIONS" })}
		for i := range planned.Files {
			planned.Files[i].SQL = hostile
			planned.Files[i].Draft.Down = planned.Files[i].SQL
		}
		if err := p.Plan(planned, true); err != nil {
			t.Error(err)
		}
		harmless(t, "plan -dryrun", strings.ReplaceAll(out.String(), secretText, ""), actions != "", 0)
	}
}

// harmlessMarkdown parses a comment as GitHub does.
func harmlessMarkdown(t *testing.T, what, text string) {
	t.Helper()
	harmless(t, what, strings.ReplaceAll(text, "\u200b", ""), false, 0)
	source := []byte(text)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(gmtext.NewReader(source))
	var prose strings.Builder
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link, *ast.AutoLink, *ast.Image, *ast.Blockquote, *ast.List, *ast.ThematicBreak, *ast.CodeBlock:
			t.Errorf("%s: a %s: %s", what, n.Kind(), text)
		case *ast.HTMLBlock, *ast.RawHTML:
			var html []byte
			if b, ok := n.(*ast.HTMLBlock); ok {
				for i := range b.Lines().Len() {
					at := b.Lines().At(i)
					html = append(html, at.Value(source)...)
				}
			} else {
				for i := range n.(*ast.RawHTML).Segments.Len() {
					at := n.(*ast.RawHTML).Segments.At(i)
					html = append(html, at.Value(source)...)
				}
			}
			for l := range bytes.Lines(html) {
				if !ours.Match(bytes.TrimSpace(l)) {
					t.Errorf("%s: HTML: %s", what, html)
				}
			}
		case *ast.Heading:
			if n.Level < 3 {
				t.Errorf("%s: a heading of level %d", what, n.Level)
			}
		case *ast.CodeSpan, *ast.FencedCodeBlock:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			prose.Write(n.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found := automaticallyLinked.FindString(strings.NewReplacer(":x:", " ", ":warning:", " ", ":white_check_mark:", " ", "&#36;", " ").Replace(prose.String())); found != "" {
		t.Errorf("%s: GitHub makes something of %q in %s", what, found, prose.String())
	}
}

var (
	ours                = regexp.MustCompile(`^(<!-- ibutsu-schema lint -->|<details><summary>(SQL|Down|Instead|Offending rows)</summary>|</details>)$`)
	automaticallyLinked = regexp.MustCompile(`(?i)@\w|#\d|\bgh-\d|https?:|www\.|:[a-z0-9_+-]+:|\$`)
)

// harmlessSARIF reads the texts of a SARIF file as a viewer does.
func harmlessSARIF(t *testing.T, what, text string) {
	t.Helper()
	validSARIF(t, text)
	log := decode[sarifLog](t, text)
	for _, run := range log.Runs {
		for _, r := range run.Results {
			if strings.Contains(r.Message.Text, "](") {
				t.Errorf("%s: a link: %s", what, r.Message.Text)
			}
			harmless(t, what, r.Message.Text, false, 0)
			harmlessMarkdown(t, what, r.Message.Markdown)
		}
	}
}

// Statements, their errors and journals have no passwords in JSON.
func TestSecretsInJSON(t *testing.T) {
	const role = "CREATE ROLE r PASSWORD '" + secretText + "'"
	failed := &migrator.StmtError{File: "x.sql", Stmt: role, Err: &pgconn.PgError{Message: `syntax error at or near "'` + secretText + `'"`, Code: "42601"}}
	f := files(t)
	run := []*migrator.FileRun{{File: f[0], Applied: []string{role}, Err: failed}}
	status := poisoned[migrator.Status]()
	status.Error, status.ErrorStmt = failed.Err.Error(), role
	for _, r := range status.Journal {
		r.Error, r.ErrorStmt = hostile, role
	}
	lint := &lint.Report{Files: []lint.FileReport{{Name: "x.sql", Text: role + ";\nSELECT 1;\n", Diagnostics: []lint.Diagnostic{{Line: 2, Col: 1, Pos: len(role) + 2, Text: hostile, Fix: fix.WithoutTransaction(role), Query: fix.Words(role)}}}}}
	for name, method := range map[string]func(p *Printer) error{
		"apply":  func(p *Printer) error { return p.Run(&migrator.Result{Ran: run, Settled: hostile}, failed) },
		"down":   func(p *Printer) error { return p.Run(&migrator.Result{Down: true, Ran: run, Settled: hostile}, failed) },
		"status": func(p *Printer) error { return p.Status(status, false) },
		"adopt": func(p *Printer) error {
			return p.Adopt(&adopt.Result{Proposal: &adopt.Proposal{Record: hostile, Refused: []string{hostile}, Data: []adopt.Step{{File: f[0], Why: hostile}},
				Differences: []catalog.Difference{{Want: role, Have: role, Text: hostile}}, Extra: []catalog.Difference{{Have: role, Text: hostile}}}}, nil)
		},
		"lint": func(p *Printer) error { return p.Lint(lint) },
		"check": func(p *Printer) error {
			return p.Check(&history.CheckResult{Findings: []proof.Finding{{Text: hostile, Differences: []catalog.Difference{{Want: role, Have: role, Text: hostile}}}}})
		},
	} {
		text, _ := show(t, JSON, method)
		// Other texts are only redacted where they quote a statement.
		if strings.Contains(text, "ROLE r PASSWORD '"+secretText) || strings.Contains(text, `near \"'`+secretText) {
			t.Errorf("%s: %s", name, text)
		}
	}
	var out bytes.Buffer
	s := NewStream(&out, noEnv)
	p := NewProgress(s, JSON, noEnv)
	stmt := f[0].Stmts[0]
	stmt.Text = role
	for _, e := range []migrator.LogEntry{
		migrator.LogStmt{Stmt: stmt}, migrator.LogProgress{Stmt: stmt}, migrator.LogStmtDone{Stmt: stmt}, migrator.LogStopped{File: f[0], Err: failed},
		migrator.LogBatch{Stmt: stmt, Batches: 1},
		migrator.LogRetry{Err: failed}, migrator.LogRetry{Err: &migrator.BlockedError{Err: failed}}, migrator.LogNotice{Message: role}, migrator.LogSettled{Note: hostile},
	} {
		p.Log(e)
	}
	if n := strings.Count(out.String(), "\n"); strings.Contains(out.String(), secretText) || n != 9 {
		t.Errorf("progress: %s", out.String())
	}
	if lint.Files[0].Text != role+";\nSELECT 1;\n" {
		t.Error("showing the report changed it")
	}
}

func paced(why migrator.Pace) *migrator.LogPace {
	e := poisoned[migrator.LogPace]()
	e.Reason = why
	return e
}

func TestHostileProgress(t *testing.T) {
	entries := []migrator.LogEntry{
		poisoned[migrator.LogWait](), poisoned[migrator.LogBlocked](), poisoned[migrator.LogBuilding](), poisoned[migrator.LogDisk](),
		poisoned[migrator.LogSettled](), poisoned[migrator.LogPlan](), poisoned[migrator.LogDrift](), poisoned[migrator.LogFile](), poisoned[migrator.LogStmt](),
		poisoned[migrator.LogProgress](), poisoned[migrator.LogStmtDone](), poisoned[migrator.LogFileDone](), poisoned[migrator.LogStopped](),
		poisoned[migrator.LogRetry](), poisoned[migrator.LogRebuild](), poisoned[migrator.LogMend](), poisoned[migrator.LogNotice](),
		poisoned[migrator.LogUnsupported](), poisoned[migrator.LogBatch](), paced(migrator.PaceVacuum), paced(migrator.PaceReplicas), paced(migrator.PaceSnapshot),
	}
	for _, tt := range []struct {
		name     string
		env      map[string]string
		terminal bool
	}{
		{"a log", nil, false}, {"GitHub's log", map[string]string{"GITHUB_ACTIONS": "true"}, false},
		{"JSON", map[string]string{"LOG_FORMAT": "json"}, false}, {"JSON in GitHub's log", map[string]string{"LOG_FORMAT": "json", "GITHUB_ACTIONS": "true"}, false},
		{"a terminal", nil, true},
	} {
		var out bytes.Buffer
		lookup := func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }
		s := NewStream(&out, lookup)
		if tt.terminal {
			s.width, s.style = func() int { return 60 }, style{colored: true}
		}
		p := NewProgress(s, Text, lookup)
		for _, e := range entries {
			for range 2 {
				p.Log(reflect.ValueOf(e).Elem().Interface().(migrator.LogEntry))
			}
		}
		text := out.String()
		if n := strings.Count(text, "\n"); n < len(entries) {
			t.Errorf("%s: only %d lines", tt.name, n)
		}
		if tt.terminal { // remove our own control sequences
			text = regexp.MustCompile("\r\x1b\\[K|\x1b\\[[0-9]*m").ReplaceAllString(text, "")
		}
		apart(t, tt.name, text)
		if tt.env["LOG_FORMAT"] != "" {
			text = strings.ReplaceAll(text, secretText, "") // in a user's name, which isn't masked
			for l := range strings.Lines(text) {
				if !json.Valid([]byte(l)) {
					t.Errorf("%s: invalid JSON: %s", tt.name, l)
				}
			}
		}
		harmless(t, tt.name, text, tt.env != nil, 0)
	}
}

// The test above covers all entries.
func TestHostileProgressIsWhole(t *testing.T) {
	src, err := os.ReadFile(filepath.Join("..", "migrator", "log.go"))
	if err != nil {
		t.Fatal(err)
	}
	test, err := os.ReadFile("text_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`func \((Log\w+)\) logEntry`).FindAllSubmatch(src, -1) {
		if !bytes.Contains(test, []byte("poisoned[migrator."+string(m[1])+"]")) {
			t.Errorf("%s isn't tested", m[1])
		}
	}
}

func TestSay(t *testing.T) {
	for _, actions := range []string{"", "true"} {
		var out bytes.Buffer
		s := NewStream(&out, func(name string) (string, bool) { return actions, name == "GITHUB_ACTIONS" })
		s.Say("%d files of %s: %v", 3, hostile, errors.New(hostile))
		apart(t, "say", out.String())
		harmless(t, "say", out.String(), actions != "", 0)
		out.Reset()
		format := strings.NewReplacer(secretText, "", "%", "").Replace(hostile)
		s.Say(format, []any{}...)
		harmless(t, "say", out.String(), actions != "", 0)
		text := "Error: " + s.Error(errors.New(hostile+"\n  ::error::in\n\n\t##[x]\nend"))
		harmless(t, "an error", text, actions != "", 0)
		for i, l := range strings.Split(text, "\n") {
			if i > 0 && l != "" && !strings.HasPrefix(l, "  ") {
				t.Errorf("a line that isn't indented: %q", l)
			}
		}
	}
	if got, want := NewStream(nil, noEnv).Error(errors.New("a: b\n  c\nd\n")), "a: b\n  c\n  d"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Scripts and schemas are exact or not written at all.
func TestExact(t *testing.T) {
	const plain, foreign = "SELECT 'ä', E'\x1b[31m\u202e', a\n  ::text;\n", "SELECT 1;\n-- ##[error]x\n"
	actions := func(name string) (string, bool) { return "true", name == "GITHUB_ACTIONS" }
	file, err := os.Create(filepath.Join(t.TempDir(), "up.sql"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, text := range []string{plain, foreign, hostile} {
		var out bytes.Buffer
		if err := NewStream(&out, noEnv).exact("the script", text); err != nil || out.String() != text {
			t.Errorf("got %q, %v; want %q", out.String(), err, text)
		}
		out.Reset()
		err := NewStream(&out, actions).exact("the script", text)
		if text == plain && (err != nil || out.String() != text) || text != plain && (err == nil || out.Len() > 0) {
			t.Errorf("the runner got %q, %v", out.String(), err)
		}
		if text == foreign && err.Error() != "line 2 of the script is a command to GitHub's runner, which reads this output: write it to a file (> FILE)" {
			t.Error(err)
		}
		out.Reset()
		terminal := NewStream(&out, noEnv)
		terminal.width = func() int { return 80 }
		if err := terminal.exact("the script", text); err != nil || strings.ContainsAny(out.String(), "\x1b\r\u202e") {
			t.Errorf("the terminal got %q, %v", out.String(), err)
		}
		if err := file.Truncate(0); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
		if err := NewStream(file, actions).exact("the script", text); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(file.Name()); err != nil || string(got) != text {
			t.Errorf("the file got %q, %v; want %q", got, err, text)
		}
	}
}
