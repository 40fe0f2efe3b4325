package report

import (
	"regexp"
	"strings"
	"sync"

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
func prose(text string) markdown {
	text = string(line(oneLine(text)))
	for _, a := range automatic() {
		for range 2 { // one may begin where another ends
			text = a.ReplaceAllString(text, "$1\u200b$2")
		}
	}
	return markdown(marks.Replace(text))
}

// marks escapes the characters that format text.
var marks = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "|", `\|`, "~", `\~`, "$", "&#36;",
)

// automatic matches what GitHub turns into links, mentions and emoji by itself. An invisible space separates the parts.
var automatic = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`([@#])([^\x{200b}])`),
		regexp.MustCompile(`(?i)(https?|ftp|mailto|xmpp)(:)`),
		regexp.MustCompile(`(?i)(www)(\.)`),
		regexp.MustCompile(`(?i)\b(gh)(-[0-9])`),
		regexp.MustCompile(`(:)([A-Za-z0-9_+-]+:)`),
	}
})

// code is foreign text as code within a line or a table cell.
func code(text string) markdown {
	text = strings.ReplaceAll(string(line(oneLine(text))), "|", `\|`)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence != "`" {
		text = " " + text + " "
	}
	return markdown(fence + text + fence)
}

// fenced is foreign text as a block of code.
func fenced(language markdown, text string) markdown {
	text = string(source(pgsql.Redact(text)))
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return markdown(fence) + language + "\n" + markdown(text) + "\n" + markdown(fence) + "\n"
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
