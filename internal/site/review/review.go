// Package review makes the page that shows a change to its reviewer: whether it is safe, its schema before and after,
// and what each statement does. The page is one file of HTML without anything from elsewhere.
package review

import (
	"context"
	"crypto/sha256"
	_ "embed" // for the parts of the page
	"encoding/base64"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/site/diagram"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A Config is what the page says in addition to what lint found.
type Config struct {
	Dir    string // the migrations folder, as people name it
	Schema string // the schema file
	Tool   string // this tool's version
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var script string

// style is the page's style sheet.
var style = sync.OnceValue(func() string {
	return pageCSS + diagram.Light.Rules("") +
		"@media screen and (prefers-color-scheme: dark) {\n" + diagram.Dark.Rules(":root:not([data-theme=light])") + "}\n" +
		"@media screen {\n" + diagram.Dark.Rules(":root[data-theme=dark]") + "}\n"
})

var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageHTML)) })

// A Page is an HTML file, and what it says first.
type Page struct{ HTML, Verdict string }

// New returns the page about what lint found.
func New(ctx context.Context, r *lint.Report, cfg Config) (*Page, error) {
	m := newMaker(r, cfg)
	p, err := m.page(ctx)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if err := pageTemplate().Execute(&b, p); err != nil {
		return nil, err
	}
	return &Page{b.String(), p.Verdict.Text}, nil
}

// policy is the page's content security policy: it runs and applies only what is part of it.
func policy() string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", hash(style()), hash(script))
}

// The types below are what page.html shows. Their texts are foreign, and made visible.

type page struct {
	Policy   string
	Style    template.CSS
	Script   template.JS
	Verdict  verdict
	Scope    string
	Tool     string
	Drawings []drawing
	Files    []file
	Kinds    []kind // kinds of statements that the filter can show
}

// A kind of statement that the filter can show.
type kind struct {
	Name, Text string
	Count      int
}

type file struct {
	Anchor, Name string
	Notes        []string // "a contract: ..."
	Findings     []finding
	Timeline     *timeline
	Statements   []statement
	Rest         string // what the file has in addition to the statements that are shown
	SQL          template.HTML
	Effect       []effect
	Down         *down
}

// An effect is what a file changes in the catalog: a line, or one and a definition of several lines.
type effect struct {
	Sign, Text string
	Body       template.HTML
}

// A down says how a file is reverted.
type down struct {
	Name string
	SQL  template.HTML
	None string // why it isn't
}

type statement struct {
	Anchor   string
	Line     int
	Title    string // its text on one line, cut
	SQL      template.HTML
	Badges   []badge
	Locks    []lock
	Findings []finding
	Note     string // what its locks don't show
	Depends  bool   // whether it may take other locks
}

// MayLock reports whether the filter shows it as one with locks.
func (s statement) MayLock() bool { return len(s.Locks) > 0 || s.Depends }

// A badge is a word about a statement.
type badge struct{ Level, Text string }

type lock struct {
	Table, Size, Own, Held, Blocks, Work string
	Level                                string
}

type finding struct {
	Level, Label, Where, Text string
	Silenced                  bool
	Advice                    []advice
}

// Advice is SQL, or else words.
type advice struct {
	Head  string
	SQL   template.HTML
	Words string
}

// A maker makes a page.
type maker struct {
	Config
	report *lint.Report
	groups [][]group // by file
	sql    highlighter
}

func newMaker(r *lint.Report, cfg Config) *maker {
	m := &maker{Config: cfg, report: r.Masked()}
	for _, f := range m.report.Files {
		m.groups = append(m.groups, groups(f))
	}
	return m
}

func (m *maker) page(ctx context.Context) (*page, error) {
	p := &page{
		Policy: policy(), Style: template.CSS(style()), Script: template.JS(script),
		Verdict: m.judge(), Scope: upperFirst(m.report.Scope()), Tool: m.Tool,
	}
	var err error
	if p.Drawings, err = m.drawings(ctx); err != nil {
		return nil, err
	}
	for i, f := range m.report.Files {
		if name, down := strings.CutPrefix(f.Name, migration.DownDir+"/"); !down || m.index(name) < 0 {
			p.Files = append(p.Files, m.file(i))
		}
	}
	p.Kinds = kinds(p.Files)
	return p, nil
}

// kinds counts the statements that the filter shows.
func kinds(files []file) []kind {
	list := []kind{{Name: "all", Text: "All"}, {Name: "findings", Text: "With findings"}, {Name: "locks", Text: "With locks"}}
	for _, f := range files {
		for _, s := range f.Statements {
			list[0].Count++
			if len(s.Findings) > 0 {
				list[1].Count++
			}
			if s.MayLock() {
				list[2].Count++
			}
		}
	}
	return list
}

// where names a position as editors follow it.
func (m *maker) where(name string, line int) string {
	at := path.Join(m.Dir, name)
	if name == m.Schema || name == m.Dir || name == lint.ConfigFile { // no migration has such a name
		at = name
	}
	if line > 0 {
		at += ":" + strconv.Itoa(line)
	}
	return words.Visible(at, "")
}

// anchor returns the id of the statement at an offset of a file, or of the file. Those of a down file are its
// migration's.
func (m *maker) anchor(name string, pos int) string {
	name, down := strings.CutPrefix(name, migration.DownDir+"/")
	i := m.index(name)
	if i < 0 {
		return ""
	}
	for j, g := range m.groups[i] {
		if !down && pos > 0 && g.has(pos) {
			return statementAnchor(i, j)
		}
	}
	return fileAnchor(i)
}

// index returns the index of a file in the report, or -1.
func (m *maker) index(name string) int {
	return slices.IndexFunc(m.report.Files, func(f lint.FileReport) bool { return f.Name == name })
}

func fileAnchor(i int) string         { return fmt.Sprintf("file-%d", i+1) }
func statementAnchor(i, j int) string { return fmt.Sprintf("file-%d-statement-%d", i+1, j+1) }

// A group is a statement, or several that only add rows to a table.
type group []lint.Statement

func (g group) last() lint.Statement { return g[len(g)-1] }

// has reports whether an offset is within the group.
func (g group) has(pos int) bool { return g[0].Pos <= pos && pos < g.last().End }

// groups returns a file's statements.
func groups(f lint.FileReport) (list []group) {
	with := false
	for _, s := range f.Statements {
		if with {
			list[len(list)-1] = append(list[len(list)-1], s)
		} else {
			list = append(list, group{s})
		}
		with = s.WithNext
	}
	return list
}

// shared reports whether statements share a transaction.
func shared(list []lint.Statement) bool {
	for i, s := range list {
		if i > 0 && s.Tx == list[i-1].Tx {
			return true
		}
	}
	return false
}

func (m *maker) file(i int) file {
	f := m.report.Files[i]
	out := file{Anchor: fileAnchor(i), Name: m.where(f.Name, 0), Timeline: newTimeline(i, f.Statements, m.groups[i])}
	if f.Contract {
		out.Notes = append(out.Notes, upperFirst(lint.AContract)+".")
	}
	if f.TxNone {
		note := "Its statements don't share a transaction"
		if shared(f.Statements) {
			note += ", except those between BEGIN and COMMIT"
		}
		out.Notes = append(out.Notes, note+".")
	}
	for _, text := range f.Effect {
		head, body := catalog.CutBody(text)
		sign, text, _ := strings.Cut(pgsql.Redact(head), " ")
		e := effect{Sign: sign, Text: words.Visible(text, "")}
		if body != "" {
			e.Body = m.sql.html(pgsql.Mask(body))
		}
		out.Effect = append(out.Effect, e)
	}
	out.Statements, out.Rest = m.statements(i)
	if len(out.Statements) == 0 && f.Text != "" {
		out.SQL = m.sql.html(f.Text)
	}
	// What isn't about a statement.
	out.Findings = m.findings(f, func(d lint.Diagnostic) bool {
		return d.Line == 0 || !slices.ContainsFunc(m.groups[i], func(g group) bool { return g.has(d.Pos) })
	})
	if j := m.index(downOf(f.Name)); j >= 0 {
		out.Findings = append(out.Findings, m.findings(m.report.Files[j], func(lint.Diagnostic) bool { return true })...)
	}
	if f.Changed {
		out.Down = &down{Name: m.where(downOf(f.Name), 0)}
		switch {
		case f.NoWayBack != "":
			out.Down.None = words.Visible(f.NoWayBack, "")
		case f.Down == "":
			out.Down.None = "there is no down file"
		default:
			out.Down.SQL = m.sql.html(f.Down)
		}
	}
	return out
}

// mostStatements is how many statements of a file are shown that have neither locks nor findings.
const mostStatements = 200

// statements returns what the page shows of a file's statements, and says what it leaves out.
func (m *maker) statements(i int) (list []statement, rest string) {
	f := m.report.Files[i]
	end, left, plain := 0, 0, 0
	for j, g := range m.groups[i] {
		first, last := g[0], g.last()
		text := f.Text[end:last.End]
		if end = last.End; strings.HasPrefix(f.Text[end:], ";") {
			text += ";"
			end++
		}
		s := statement{Anchor: statementAnchor(i, j), Line: first.Line, Title: cut(visibleLine(first.Text), 100)}
		if len(g) > 1 {
			s.Title += fmt.Sprintf(" and %s like it", words.Plural(len(g)-1, "statement"))
		}
		s.Findings = m.findings(f, func(d lint.Diagnostic) bool { return d.Line > 0 && g.has(d.Pos) })
		for _, e := range last.Effects {
			s.Locks = append(s.Locks, newLock(e))
		}
		s.describe(last)
		if len(s.Findings) == 0 && !s.MayLock() {
			if plain++; plain > mostStatements {
				left += len(g)
				continue
			}
		}
		s.SQL = m.sql.html(text)
		list = append(list, s)
	}
	if left > 0 {
		rest = fmt.Sprintf("%s more without locks and findings: see the file.", words.Plural(left, "statement"))
	}
	return list, rest
}

// describe sets a statement's badges and note.
func (s *statement) describe(last lint.Statement) {
	add := func(level, text string) {
		if b := (badge{level, text}); !slices.Contains(s.Badges, b) {
			s.Badges = append(s.Badges, b)
		}
	}
	for _, level := range []string{"bad", "warn"} {
		n := 0
		for _, f := range s.Findings {
			if f.Level == level && !f.Silenced {
				n++
			}
		}
		if n > 0 {
			add(level, words.Plural(n, map[string]string{"bad": "error", "warn": "warning"}[level]))
		}
	}
	for _, e := range last.Effects {
		if e.Rewritten || e.Scanned {
			add("work", e.Work(visibleLine(e.Table)))
		}
	}
	switch s.Depends = last.Depends; {
	case last.Refused:
		s.Note = "It didn't run, so its effects are unknown."
	case last.Note != "":
		s.Note = visibleLine(upperFirst(last.Note)) + "."
	}
	if s.Depends {
		add("work", "its locks depend on the data")
	}
}

func newLock(e lint.TableEffect) lock {
	l := lock{Work: e.Work("it"), Table: visibleLine(e.Table), Own: lint.LockWords(e.Lock), Held: lint.LockWords(e.Held), Blocks: lint.Blocks(e.Strongest()), Level: levelOf(e.Strongest())}
	if e.Size != nil {
		l.Size = e.Size.String()
	}
	return l
}

// levelOf returns the class for a lock mode: "all" if it blocks reads and writes, "writes", or "weak".
func levelOf(mode string) string {
	switch lint.Blocks(mode) {
	case "":
		return ""
	case "reads and writes":
		return "all"
	case "writes":
		return "writes"
	}
	return "weak"
}

// findings returns a file's findings, and those that are silenced, as far as show is true.
func (m *maker) findings(f lint.FileReport, show func(lint.Diagnostic) bool) (list []finding) {
	for i, d := range slices.Concat(f.Diagnostics, f.Silenced) {
		if !show(d) {
			continue
		}
		out := finding{
			Level: "bad", Label: strings.TrimSpace(d.Code + " " + d.Name), Where: m.where(f.Name, d.Line), Text: words.Visible(d.Describe(), "\n"),
			Silenced: i >= len(f.Diagnostics),
		}
		if d.Severity == lint.Warning {
			out.Level = "warn"
		}
		for _, text := range []struct {
			head string
			fix.Text
		}{{"Instead", d.Fix}, {"Offending rows", d.Query}} {
			switch plain := pgsql.Mask(text.String()); {
			case text.Empty():
			case text.ID() == "":
				out.Advice = append(out.Advice, advice{Head: text.head, Words: words.Visible(plain, "\n")})
			default:
				out.Advice = append(out.Advice, advice{Head: text.head, SQL: m.sql.html(plain)})
			}
		}
		list = append(list, out)
	}
	return list
}

func visibleLine(text string) string { return words.Visible(oneLine(text), "") }

// oneLine joins the lines of a text.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// cut shortens a text to a number of characters.
func cut(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width]) + "..."
	}
	return text
}
