package report

import (
	"strings"

	md "github.com/ibutsu/ibutsu-schema/internal/markdown"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// markdown is our own Markdown, in which foreign text went through prose, code or fenced: that text formats nothing,
// links to nothing and mentions nobody, on GitHub too. Outside of this file only constants are converted to markdown.
type markdown string

// A document is Markdown before it is written.
type document struct{ b strings.Builder }

func (d *document) put(parts ...markdown) {
	for _, part := range parts {
		d.b.WriteString(string(part))
	}
}

func (d *document) markdown() markdown { return markdown(d.b.String()) }

// prose is foreign text within a line, and not at its start. Its lines become one.
func prose(text string) markdown { return markdown(md.Prose(string(line(oneLine(text))))) }

// code is foreign text as code within a line.
func code(text string) markdown { return markdown(md.Code(string(line(oneLine(text))))) }

// cell is foreign text as code in a table.
func cell(text string) markdown { return markdown(md.Cell(string(line(oneLine(text))))) }

// fenced is foreign text as a block of code.
func fenced(language markdown, text string) markdown {
	return markdown(md.Fenced(string(language), string(source(pgsql.Redact(text)))))
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
