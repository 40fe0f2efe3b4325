// Package markdown writes foreign text in Markdown so that it formats nothing, links to nothing and mentions nobody, on
// GitHub too. The text is on one line.
package markdown

import (
	"regexp"
	"strings"
	"sync"
)

// Prose returns text within a line, and not at its start.
func Prose(text string) string {
	for _, a := range automatic() {
		for range 2 { // one may begin where another ends
			text = a.ReplaceAllString(text, "$1\u200b$2")
		}
	}
	return marks.Replace(text)
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

// Code returns text as code within a line.
func Code(text string) string {
	if text == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence != "`" {
		text = " " + text + " "
	}
	return fence + text + fence
}

// Cell returns text as code in a table. Parsers disagree on a pipe after a backslash in code.
func Cell(text string) string {
	if strings.Contains(text, `\|`) {
		return Prose(text)
	}
	return strings.ReplaceAll(Code(text), "|", `\|`)
}

// Fenced returns lines as a block of code.
func Fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + text + "\n" + fence + "\n"
}
