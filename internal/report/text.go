package report

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// safe is text that is written unchanged: our own words, and what line and lines make of foreign text. Foreign text is
// SQL, what a server, git or the system says, names of files and objects, values of atlas.hcl and of the environment.
// It may contain control sequences, lines that look like ours, and passwords. Outside of this file only constants are
// converted to safe.
type safe string

// line is foreign text within a line of ours.
func line(text string) safe { return safe(words.Visible(pgsql.Redact(text), "")) }

// lines is foreign text that may have several lines. All lines after the first are indented, so that none looks like
// ours.
func lines(text, indent string) safe {
	text = strings.TrimRight(strings.ReplaceAll(pgsql.Redact(text), "\r\n", "\n"), "\n")
	parts := strings.Split(words.Visible(text, "\n\t"), "\n")
	for i, part := range parts {
		if i > 0 && part != "" {
			parts[i] = indent + part
		}
	}
	return safe(strings.Join(parts, "\n"))
}

// source returns a file's text, or a part of it. Its lines aren't indented.
func source(text string) safe {
	return safe(words.Visible(strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n\t"))
}

// plainSARIF is foreign text in a SARIF message, where [words](address) would be a link.
func plainSARIF(text string) safe {
	return safe(strings.ReplaceAll(string(lines(text, "")), "](", "] ("))
}

// labelValue is foreign text as the value of a metric's label, between quotes.
func labelValue(text string) safe {
	return safe(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(line(text).cut(longestLabel))))
}

// longestLabel is the number of characters to which values of labels are cut.
const longestLabel = 100

// cut shortens a text to a number of characters.
func (s safe) cut(most int) safe {
	if all := []rune(string(s)); len(all) > most {
		return safe(all[:max(most, 0)])
	}
	return s
}

// sprintf is like fmt.Sprintf, but applies line to everything except numbers and safe text. The format is a constant.
func sprintf(format string, args ...any) safe {
	for i, arg := range args {
		if _, ok := arg.(safe); !ok && !isNumber(arg) {
			args[i] = line(fmt.Sprint(arg))
		}
	}
	return safe(fmt.Sprintf(format, args...))
}

// isNumber reports whether arg prints as a number.
func isNumber(arg any) bool {
	if _, ok := arg.(fmt.Stringer); ok {
		return false
	}
	v := reflect.ValueOf(arg)
	return v.CanInt() || v.CanUint() || v.CanFloat()
}

// A page is text for people, or for GitHub's runner, before it is written.
type page struct {
	b strings.Builder
	// commands are the lines that the runner should obey, as pairs of offsets.
	commands [][2]int
}

func (p *page) put(parts ...safe) {
	for _, part := range parts {
		p.b.WriteString(string(part))
	}
}

// printf adds text that sprintf formats.
func (p *page) printf(format string, args ...any) { p.put(sprintf(format, args...)) }

// safe returns the text of a page without annotations.
func (p *page) safe() safe { return safe(p.b.String()) }

// annotate adds a command for GitHub's runner, on a line of its own.
func (p *page) annotate(a annotation) {
	if text := p.b.String(); text != "" && !strings.HasSuffix(text, "\n") {
		p.put("\n")
	}
	start := p.b.Len()
	p.b.WriteString(a.String() + "\n")
	p.commands = append(p.commands, [2]int{start, p.b.Len()})
}

// text returns the page's text. For the runner, only what annotate added is a command.
func (p *page) text(runner bool) string {
	text := p.b.String()
	if !runner {
		return text
	}
	var b strings.Builder
	end := 0
	for _, c := range p.commands {
		b.WriteString(disarm(text[end:c[0]]) + text[c[0]:c[1]])
		end = c[1]
	}
	return b.String() + disarm(text[end:])
}

// disarm keeps GitHub's runner from taking lines for commands. It obeys lines that begin with :: after white space, and
// those with ##[ anywhere. (Its own stop-commands would stop ours too.)
func disarm(text string) string {
	text = strings.ReplaceAll(text, "##[", `##\[`)
	if !strings.Contains(text, "::") {
		return text
	}
	all := strings.Split(text, "\n")
	for i, l := range all {
		if rest := strings.TrimLeftFunc(l, unicode.IsSpace); strings.HasPrefix(rest, "::") {
			all[i] = l[:len(l)-len(rest)] + `\` + rest
		}
	}
	return strings.Join(all, "\n")
}

// plural returns "1 file", "2 files".
func plural(n int, one safe) safe { return safe(words.Plural(n, string(one))) }
