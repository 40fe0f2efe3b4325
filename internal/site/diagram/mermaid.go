package diagram

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// MaxMermaid is the length of the longest text that Mermaid draws by default, as on GitHub.
const MaxMermaid = 50_000

// maxMermaidKeys is the number of lines between boxes that Mermaid draws by default.
const maxMermaidKeys = 500

// Mermaid returns the model in Mermaid's language, to be written in a block of Markdown. ok is false if it is too large
// to be drawn. Names appear in quotes, with all that might have a meaning escaped, or as words of letters, digits and
// underscores.
func (m Model) Mermaid() (text string, ok bool) {
	var b strings.Builder
	b.WriteString("erDiagram\n")
	for i, t := range m.Tables {
		fmt.Fprintf(&b, "    t%d[%s]", i, quoted(t.title()))
		if len(t.Columns)+len(t.Others) == 0 {
			b.WriteByte('\n')
			continue
		}
		b.WriteString(" {\n")
		for _, c := range t.Columns {
			b.WriteString("        " + c.mermaid() + "\n")
		}
		for _, o := range t.Others {
			fmt.Fprintf(&b, "        %s %s %s\n", word(o.Kind, ""), word(o.Name, ""), quoted(describe(exact(o.Name), o.Mark.String())))
		}
		b.WriteString("    }\n")
	}
	for _, k := range m.Keys {
		many, one, line := "}o", "||", "--"
		if k.One {
			many = "|o"
		}
		if k.Optional {
			one = "o|"
		}
		if k.Mark == Dropped {
			line = ".."
		}
		fmt.Fprintf(&b, "    t%d %s%s%s t%d : %s\n", k.From, many, line, one, k.To, quoted(k.title()))
	}
	return b.String(), b.Len() <= MaxMermaid && len(m.Keys) <= maxMermaidKeys
}

// title returns a table's name with what happens to it.
func (t Table) title() string {
	var notes []string
	if t.Mark != Same {
		notes = append(notes, t.Mark.String())
	}
	if t.Was != "" {
		notes = append(notes, "was "+t.Was)
	}
	if t.Partitions > 0 {
		notes = append(notes, words.Plural(t.Partitions, "partition"))
	}
	if len(notes) == 0 {
		return t.Name
	}
	return t.Name + " (" + strings.Join(notes, ", ") + ")"
}

func (k Key) title() string {
	if k.Mark == Same {
		return k.columns()
	}
	return k.columns() + " (" + k.Mark.String() + ")"
}

func (c Column) mermaid() string {
	line := word(c.Type, "()[]") + " " + word(c.Name, "")
	var keys []string
	for _, k := range []struct {
		has  bool
		name string
	}{{c.Primary, "PK"}, {c.Foreign, "FK"}, {c.Unique && !c.Primary, "UK"}} {
		if k.has {
			keys = append(keys, k.name)
		}
	}
	if len(keys) > 0 {
		line += " " + strings.Join(keys, ", ")
	}
	null := ""
	if c.NotNull && !c.Primary {
		null = "not null"
	}
	if text := describe(exact(c.Name), null, c.Mark.String(), c.Was); text != "" {
		line += " " + quoted(text)
	}
	return line
}

// exact returns a name that word changes, or "".
func exact(name string) string {
	if word(name, "") == name {
		return ""
	}
	return name
}

// describe joins the texts that aren't empty.
func describe(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), ", ")
}

// word returns text as a word for a type or the name of a column: characters that aren't allowed become underscores.
func word(text, allowed string) string {
	w := []byte(text)
	for i, c := range w {
		if !isWord(c) && (i == 0 || strings.IndexByte(allowed, c) < 0) {
			w[i] = '_'
		}
	}
	switch s := string(w); {
	case s == "", '0' <= s[0] && s[0] <= '9':
		return "_" + s
	case strings.EqualFold(s, "PK"), strings.EqualFold(s, "FK"), strings.EqualFold(s, "UK"):
		return s + "_" // these words mark keys
	default:
		return s
	}
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// quoted returns text as a quoted string. Mermaid knows no escapes in strings, but character references. Labels are
// also Markdown, and the words "direction LR" mean something even in a string, so spaces around them may not remain.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	plain := !strings.Contains(strings.ToLower(text), "direction")
	for i, r := range text {
		inside := i > 0 && i < len(text)-1 && isWord(text[i-1]) && isWord(text[i+1])
		switch {
		case r == '_' && inside, r != '_' && r < utf8.RuneSelf && isWord(byte(r)), r >= utf8.RuneSelf && unicode.IsLetter(r), r == ' ' && plain && i > 0,
			strings.ContainsRune("(),.", r) && i > 0:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
