// Package report shows the commands' results: as text for people, as JSON in the Atlas SDK's own shapes, as annotations
// of GitHub Actions, SARIF and Markdown. It is the only package that prints: foreign text, which comes from SQL,
// servers, git and the environment, becomes output by the functions of text.go and markdown.go. It decides nothing:
// what is a finding, an error or a loss comes from the packages below.
//
// Data goes to a [Printer]'s Out. In JSON every name of the SDK's types (ariga.io/atlas-go-sdk/atlasexec) means what it
// means there; our own data is in additional fields.
package report

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/sqlclient"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// A Format is a way to write a result.
type Format string

// The known formats.
const (
	Text   Format = "text"
	JSON   Format = "json"
	GitHub Format = "github"

	SARIF    Format = "sarif"    // of lint
	Markdown Format = "markdown" // of lint and drift
)

// ParseFormat reads the -format flag of a command that knows text, JSON and further formats. The default is text, in
// GitHub Actions its own format if the command knows it. An unknown format is a *usage.Error that lists the known ones.
func ParseFormat(word string, lookup func(string) (string, bool), further ...Format) (Format, error) {
	known := append([]Format{Text, JSON}, further...)
	if word == "" {
		if v, _ := lookup("GITHUB_ACTIONS"); v == "true" && slices.Contains(further, GitHub) {
			return GitHub, nil
		}
		return Text, nil
	}
	if f := Format(word); slices.Contains(known, f) {
		return f, nil
	}
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = string(f)
	}
	return "", usage.Errorf("-format=%s is unknown; known formats: %s", word, strings.Join(names, ", "))
}

// A Printer writes results.
type Printer struct {
	// Out gets the data.
	Out    *Stream
	Format Format
	// URL is the database's. JSON shows it without the password.
	URL string
	// Database is what that names; zero if there is none.
	Database Database
	// Project is the project's folder on disk, by default the current one.
	Project string
	// SchemaFile and Dir are the paths of the schema file and of the migrations folder, relative to the project folder.
	SchemaFile, Dir string
	// ToolVersion is the tool's, for SARIF.
	ToolVersion string
}

// page writes text, in GitHub's format for its runner.
func (p *Printer) page(b *page) error {
	out := *p.Out
	out.runner = out.runner || p.Format == GitHub
	return out.page(b)
}

// HCL writes a schema file.
func (p *Printer) HCL(text []byte) error { return p.Out.exact("the schema", string(text)) }

// Line writes a line of data.
func (p *Printer) Line(text string) error { return p.Out.exact("the output", text+"\n") }

// env returns the environment as the SDK shows it, with only the URL's scheme, host and database.
func (p *Printer) env() atlasexec.Env {
	e := atlasexec.Env{Driver: "postgres", Dir: p.Dir}
	if u, err := url.Parse(p.URL); err == nil && p.URL != "" {
		e.URL = &sqlclient.URL{URL: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}}
	}
	return e
}

// location returns a position in a file of the migrations folder, as editors and terminals follow it. A line or column
// of 0 is unknown.
func (p *Printer) location(file string, line, col int) string {
	at := path.Join(p.Dir, file)
	if file == p.SchemaFile || file == p.Dir || file == lint.ConfigFile { // no migration has such a name
		at = file
	}
	if line > 0 {
		at += fmt.Sprintf(":%d", line)
		if col > 0 {
			at += fmt.Sprintf(":%d", col)
		}
	}
	return at
}

// oneLine joins the lines of a text.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// align pads the cells of each column except the last to the same width.
func align(rows [][]safe) []safe {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(string(cell)))
		}
	}
	aligned := make([]safe, len(rows))
	for r, row := range rows {
		var b page
		for i, cell := range row {
			b.put(cell)
			if i < len(row)-1 {
				b.printf("%*s", widths[i]-utf8.RuneCountInString(string(cell))+2, "")
			}
		}
		aligned[r] = b.safe()
	}
	return aligned
}
