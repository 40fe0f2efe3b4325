// Package report shows the commands' results: as text for people, as JSON in the Atlas
// SDK's own shapes, and as annotations of GitHub Actions. It is the only package that prints:
// here text from elsewhere becomes output, by the functions of text.go and markdown.go.
//
// Data goes to a [Printer]'s Out. In JSON every name of the SDK's types
// (ariga.io/atlas-go-sdk/atlasexec) means what it means there; what is ours stands in
// further fields beside them.
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

	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// A Format is a way to write a result.
type Format string

// The formats that there are.
const (
	Text   Format = "text"
	JSON   Format = "json"
	GitHub Format = "github"

	SARIF    Format = "sarif"    // of lint
	Markdown Format = "markdown" // of lint
)

// ParseFormat reads the -format flag of a command that offers text, JSON and the further
// formats given. Without a word it is text; GitHub Actions gets its own format where the
// command offers it. A word that is none of them is a *usage.Error that lists them.
func ParseFormat(word string, lookup func(string) (string, bool), further ...Format) (Format, error) {
	offered := append([]Format{Text, JSON}, further...)
	if word == "" {
		if v, _ := lookup("GITHUB_ACTIONS"); v == "true" && slices.Contains(further, GitHub) {
			return GitHub, nil
		}
		return Text, nil
	}
	if f := Format(word); slices.Contains(offered, f) {
		return f, nil
	}
	names := make([]string, len(offered))
	for i, f := range offered {
		names[i] = string(f)
	}
	return "", usage.Errorf("-format=%s: there are %s", word, strings.Join(names, ", "))
}

// A Printer writes results.
type Printer struct {
	// Out gets the data.
	Out    *Stream
	Format Format
	// URL is the database's, for JSON, which leaves the password out.
	URL string
	// Project is the project's folder on disk, by default the current one.
	Project string
	// SchemaFile and Dir are the paths of the schema file and of the migrations folder, from
	// the project folder.
	SchemaFile, Dir string
	// ToolVersion is the tool's, for SARIF.
	ToolVersion string
}

// page writes text; in GitHub's format it is one that the runner reads.
func (p *Printer) page(b *page) error {
	out := *p.Out
	out.runner = out.runner || p.Format == GitHub
	return out.page(b)
}

// HCL writes a schema file.
func (p *Printer) HCL(text []byte) error { return p.Out.exact("the schema", string(text)) }

// Line writes a line of data.
func (p *Printer) Line(text string) error { return p.Out.exact("the output", text+"\n") }

// env is the environment as the SDK shows it: of the URL only scheme, host and database.
func (p *Printer) env() atlasexec.Env {
	e := atlasexec.Env{Driver: "postgres", Dir: p.Dir}
	if u, err := url.Parse(p.URL); err == nil && p.URL != "" {
		e.URL = &sqlclient.URL{URL: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}}
	}
	return e
}

// place is where something stands in a file of the migrations folder, as editors and
// terminals follow it. A line or column of 0 is not known.
func (p *Printer) place(file string, line, col int) string {
	at := path.Join(p.Dir, file)
	if file == p.SchemaFile || file == p.Dir { // no migration has such a name
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

// oneLine makes one line of a text.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// align pads all columns but the last to the same width each.
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
