package review

import (
	"embed"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/formatters/html"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// definition is chroma's own definition of PostgreSQL's SQL. Importing all of chroma's definitions would make each
// command parse them when it starts.
//
//go:embed postgresql.xml
var definition embed.FS

var lexer = sync.OnceValue(func() chroma.Lexer { return chroma.Coalesce(chroma.MustNewXMLLexer(definition, "postgresql.xml")) })

// longestSQL is the number of bytes of a text that the page shows, and highlighted the number of those of the whole
// page that are highlighted.
const (
	longestSQL  = 50_000
	highlighted = 500_000
)

// A highlighter makes SQL HTML, with a class for each kind of token.
type highlighter struct{ done int }

// html returns foreign SQL as HTML. What can't be highlighted is plain.
func (h *highlighter) html(sql string) template.HTML {
	shown, rest := words.Visible(strings.Trim(strings.ReplaceAll(sql, "\r\n", "\n"), "\n"), "\n\t"), ""
	if len(shown) > longestSQL {
		cut := strings.ToValidUTF8(shown[:longestSQL], "")
		rest = fmt.Sprintf("\n... %s bytes more: see the file", words.Thousands(int64(len(shown)-len(cut))))
		shown = cut
	}
	plain := template.HTML(template.HTMLEscapeString(shown + rest))
	if h.done += len(shown); h.done > highlighted {
		return plain
	}
	list, err := tokens(shown)
	if err != nil {
		return plain
	}
	list = append(list, chroma.Token{Type: chroma.Text, Value: rest})
	var b strings.Builder
	format := html.New(html.WithClasses(true), html.PreventSurroundingPre(true))
	if err := format.Format(&b, chroma.MustNewStyle("none", chroma.StyleEntries{}), chroma.Literator(list...)); err != nil {
		return plain
	}
	return template.HTML(b.String())
}

// tokens returns the tokens of SQL, also of that between dollar quotes.
func tokens(sql string) (list []chroma.Token, err error) {
	add := func(text string) error {
		if text == "" {
			return nil
		}
		it, err := lexer().Tokenise(&chroma.TokeniseOptions{State: "root"}, text)
		if err != nil {
			return err
		}
		list = append(list, it.Tokens()...)
		return nil
	}
	end := 0
	for _, t := range pgsql.Tokens(sql) {
		body, tag := dollarQuoted(t)
		if tag == "" {
			continue
		}
		if err := add(sql[end:t.Pos.Offset]); err != nil {
			return nil, err
		}
		inner, err := tokens(body)
		if err != nil {
			return nil, err
		}
		quote := chroma.Token{Type: chroma.LiteralStringHeredoc, Value: tag}
		list = append(append(append(list, quote), inner...), quote)
		end = t.Pos.Offset + len(t.Text)
	}
	return list, add(sql[end:])
}

// dollarQuoted returns what a token has between dollar quotes, and the quote; tag is "" for other tokens.
func dollarQuoted(t pgsql.Token) (body, tag string) {
	if t.Kind != pgsql.String || t.Text[0] != '$' {
		return "", ""
	}
	tag = t.Text[:strings.IndexByte(t.Text[1:], '$')+2]
	if len(t.Text) < 2*len(tag) || !strings.HasSuffix(t.Text, tag) {
		return "", "" // it isn't closed
	}
	return t.Text[len(tag) : len(t.Text)-len(tag)], tag
}
