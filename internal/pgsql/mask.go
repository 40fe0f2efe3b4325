package pgsql

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// masked replaces a password.
const masked = "xxxxx"

// Mask returns sql with its passwords masked: those after PASSWORD in a role, a user mapping or an assignment, and
// those in connection strings, also inside strings, function bodies and comments. Strings that may be passwords are
// masked too, so the result is only meant to be read.
func Mask(sql string) string { return mask(sql, secrets(sql)) }

// MaskInPlace is like Mask but replaces a password by as many bytes, so that offsets, lines and columns don't change.
// It reveals the length of a password.
func MaskInPlace(sql string) string {
	return replace(sql, secrets(sql), func(secret string) string {
		x := []byte(secret)
		for i, c := range x {
			if c != '\n' && c != '\r' {
				x[i] = 'x'
			}
		}
		return string(x)
	})
}

// MaskMessage masks sql's passwords in a message about it, because PostgreSQL's errors quote statements.
func MaskMessage(message, sql string) string {
	const enough = 4 // characters; shorter texts may occur in a message by chance
	var pairs []string
	for _, s := range secrets(sql) {
		for _, form := range []string{sql[s.start:s.end], strings.ReplaceAll(sql[s.start:s.end], "''", "'")} {
			pairs = append(pairs, "'"+form+"'", "'"+masked+"'", `"`+form+`"`, `"`+masked+`"`)
			if utf8.RuneCountInString(form) >= enough {
				pairs = append(pairs, form, masked)
			}
		}
	}
	if len(pairs) > 0 {
		message = strings.NewReplacer(pairs...).Replace(message)
	}
	return Redact(message)
}

// Redact masks passwords in prose: those in connection strings, and literals after PASSWORD.
func Redact(text string) string { return mask(text, apart(textSecrets(text))) }

// OneLine returns a statement on one line of at most most characters, with passwords masked. It isn't truncated inside
// a literal, because Redact would take the text after an open quote for the rest of the literal.
func OneLine(sql string, most int) string {
	line := []rune(strings.Join(strings.Fields(Mask(sql)), " "))
	if len(line) > most {
		cut := string(line[:most-3])
		if strings.Count(cut, "'")%2 == 1 {
			cut = cut[:strings.LastIndex(cut, "'")]
		}
		return cut + "..."
	}
	return string(line)
}

// bounds are the start and end offsets of a part of a text.
type bounds struct{ start, end int }

// apart returns the parts sorted, without empty ones and with adjacent and overlapping ones merged.
func apart(parts []bounds) []bounds {
	slices.SortFunc(parts, func(a, b bounds) int { return cmp.Compare(a.start, b.start) })
	var out []bounds
	for _, p := range parts {
		switch n := len(out); {
		case p.start >= p.end:
		case n > 0 && p.start <= out[n-1].end:
			out[n-1].end = max(out[n-1].end, p.end)
		default:
			out = append(out, p)
		}
	}
	return out
}

// replace replaces parts, which must be sorted and disjoint.
func replace(text string, parts []bounds, with func(string) string) string {
	if len(parts) == 0 {
		return text
	}
	var b strings.Builder
	end := 0
	for _, p := range parts {
		b.WriteString(text[end:p.start] + with(text[p.start:p.end]))
		end = p.end
	}
	return b.String() + text[end:]
}

func mask(text string, parts []bounds) string {
	return replace(text, parts, func(secret string) string {
		if strings.HasPrefix(secret, masked) && strings.Trim(strings.TrimLeft(secret, "x"), `'");,`) == "" {
			return secret // already masked
		}
		return masked
	})
}

// mayHoldSecret is a fast test that is false for most texts without secrets.
func mayHoldSecret(text string) bool {
	for i := 0; i+3 <= len(text); i++ {
		switch text[i] {
		case ':':
			if text[i:i+3] == "://" {
				return true
			}
		case 'p', 'P':
			if strings.EqualFold(text[i:i+3], "pas") {
				return true
			}
		}
	}
	return false
}

// Patterns for passwords in prose. Each group is a password.
var (
	// In URLs, with whatever a password holds up to the last @ of the word; in libpq's key words and in URLs'
	// parameters.
	connectionPatterns = sync.OnceValue(func() []*regexp.Regexp {
		return []*regexp.Regexp{
			regexp.MustCompile(`(?i)\b[a-z][a-z0-9+]*://[^\s:/?#@"'` + "`" + `]*:([^\s"` + "`" + `]*)@`),
			regexp.MustCompile(`(?i)passw(?:or)?d=(?:'((?:[^'\\]|\\.)*)'|([^\s&"` + "`" + `]+))`),
		}
	})
	literalPatterns = sync.OnceValue(func() []*regexp.Regexp {
		return []*regexp.Regexp{
			regexp.MustCompile(`(?i)\bpassw(?:or)?d\s+(?:[EN]|U&)?'((?:[^']|'')+)'`),
			regexp.MustCompile(`(?i)\bpassw(?:or)?d\s+\$[a-z_0-9]*\$([^$]+)\$`),
		}
	})
)

func textSecrets(text string) []bounds {
	if !mayHoldSecret(text) {
		return nil
	}
	return append(matches(text, connectionPatterns()), matches(text, literalPatterns())...)
}

// matches returns the groups of all matches.
func matches(text string, patterns []*regexp.Regexp) []bounds {
	var found []bounds
	for _, p := range patterns {
		for _, m := range p.FindAllStringSubmatchIndex(text, -1) {
			for g := 2; g < len(m); g += 2 {
				if m[g] >= 0 {
					found = append(found, bounds{m[g], m[g+1]})
				}
			}
		}
	}
	return found
}

var (
	conninfo    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*[a-z_]+\s*=`) })
	conninfoKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`passw(?:or)?d\s*=\s*`) })
	nextKey     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s[a-z_]+\s*=`) })
)

// conninfoSecrets returns the passwords in a libpq connection string. An unquoted one extends to the next
// keyword, because PostgreSQL quotes all of it in errors.
func conninfoSecrets(text string) []bounds {
	found := matches(text, connectionPatterns())
	for _, m := range conninfoKey().FindAllStringIndex(text, -1) {
		start, end := m[1], len(text)
		if strings.HasPrefix(text[start:], "'") {
			start++
			for i := start; i < len(text); i++ {
				if text[i] == '\\' {
					i++
				} else if text[i] == '\'' {
					end = i
					break
				}
			}
		} else if next := nextKey().FindStringIndex(text[start:]); next != nil {
			end = start + next[0]
		}
		found = append(found, bounds{start, end})
	}
	return found
}

// secrets returns the passwords in sql, without quotes, sorted and disjoint.
func secrets(sql string) []bounds {
	if !mayHoldSecret(sql) {
		return nil
	}
	f := &secretFinder{lexer: newLexer(sql)}
	f.read()
	return apart(f.found)
}

// A secretFinder reads SQL, which may be incomplete or wrong, because failing statements are shown most often.
type secretFinder struct {
	*lexer
	found   []bounds
	strings int // the number of strings around this text

	place place
	depth int    // of parentheses
	level int    // the depth at which the value of place began
	verb  string // CREATE or ALTER, if that was the last word
	role  bool   // the statement is CREATE or ALTER ROLE, USER or GROUP
	rest  bool   // the statement's other strings may be parts of a password
	open  bool   // the text ends, or has a placeholder, where a password would be
}

// A place is the reader's context.
type place int

const (
	elsewhere   place = iota
	afterKey          // after PASSWORD
	afterSecret       // after the string that followed it
	afterName         // after a string that names a value: 'password', 'x'
	inValue           // in the expression that is a password's value
	declared          // in the type of a variable: password text := 'x'
)

var (
	keyWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)(?:password|passwd|passphrase)"?$`) })
	keyName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^[\w.]*(?:password|passwd|passphrase)$`) })
)

// valueEnds are words that end an expression.
var valueEnds = map[string]bool{
	"WHERE": true, "FROM": true, "AND": true, "OR": true, "RETURNING": true, "THEN": true, "ELSE": true, "END": true, "ON": true,
	"GROUP": true, "ORDER": true, "LIMIT": true, "UNION": true, "VALID": true,
}

func (f *secretFinder) read() {
	for {
		x := f.next()
		text := f.src[x.start:x.end]
		switch x.kind {
		case 0:
			if f.place == afterKey && (f.role || !isWordPart(f.src[len(f.src)-1])) {
				f.open = true
			}
			return
		case comment:
			for _, s := range textSecrets(text) {
				f.add(x.start+s.start, x.start+s.end)
			}
		case String:
			f.string(x)
		case Op:
			f.op(text)
		default:
			f.word(x, text)
		}
	}
}

func (f *secretFinder) add(start, end int) { f.found = append(f.found, bounds{start, end}) }

func (f *secretFinder) word(x lexeme, text string) {
	verb := f.verb
	f.verb = ""
	upper := ""
	if x.kind == Word && len(text) <= len("RETURNING") {
		upper = strings.ToUpper(text)
	}
	switch f.place {
	case inValue:
		if f.depth > f.level || !valueEnds[upper] {
			return
		}
	case afterKey:
		switch {
		case upper == "TO":
			f.place, f.level = inValue, f.depth
			return
		case upper == "NULL":
		case x.kind == QuotedIdent: // the wrong quotes
			f.add(x.start+1, x.end)
		case f.role:
			f.add(x.start, x.end) // no quotes
		case upper != "IS":
			f.place = declared
			return
		}
	case declared:
		if !keyWord().MatchString(text) {
			return
		}
	}
	f.place = elsewhere
	if keyWord().MatchString(text) {
		f.place = afterKey
		return
	}
	switch upper {
	case "CREATE", "ALTER":
		f.verb = upper
	case "ROLE", "USER", "GROUP":
		f.role = f.role || verb != ""
	}
}

func (f *secretFinder) op(text string) {
	f.verb = ""
	switch text {
	case ";":
		f.role, f.rest, f.place, f.depth = false, false, elsewhere, 0
	case "(":
		f.depth++
		if f.place == afterKey {
			f.place, f.level = inValue, f.depth
		}
	case ")":
		f.depth--
		if f.place != declared && (f.place != inValue || f.depth < f.level) {
			f.place = elsewhere
		}
	case ",":
		if f.place == afterKey || f.place == inValue && f.depth <= f.level {
			f.place = elsewhere
		}
	default:
		switch {
		case f.place == declared && text == ":=":
			f.place, f.level = inValue, f.depth
		case f.place == declared && text != "%" && text != ".": // of a type's name
			f.place = elsewhere
		case f.place == afterName:
			f.place = elsewhere
		case f.place == afterSecret:
			f.place = elsewhere
			if text == "||" {
				f.place, f.level = inValue, f.depth
			}
		case f.place == afterKey && strings.ContainsRune("=:|", rune(text[0])): // =, :=, =>, ||
			f.place, f.level = inValue, f.depth
		case f.place == afterKey:
			f.open = f.open || text[0] == '%' // as in format's %L
			f.place = elsewhere
			if text == "%" { // or as in %TYPE
				f.place = declared
			}
		}
	}
}

// deepest is the maximum depth of nested strings that are read. Deeper ones are masked entirely.
const deepest = 8

func (f *secretFinder) string(x lexeme) {
	f.verb = ""
	place := f.place
	if place != inValue {
		f.place = elsewhere
	}
	secret := place == afterKey || place == afterSecret || place == afterName || place == inValue || f.rest
	if !secret && !mayHoldSecret(f.src[x.start:x.end]) {
		return
	}
	text, at := content(f.src, x)
	var found []bounds
	switch {
	case secret:
		if place == afterKey || place == afterSecret {
			f.place = afterSecret
		}
		f.open = f.open || text == "" && x.open != ""
		found = []bounds{{0, len(text)}}
	case conninfo().MatchString(text):
		found = conninfoSecrets(text)
	case f.strings == deepest:
		found = []bounds{{0, len(text)}}
	default:
		if keyName().MatchString(text) {
			f.place = afterName
		}
		inner := &secretFinder{lexer: newLexer(text), strings: f.strings + 1}
		inner.read()
		f.rest = f.rest || inner.open
		found = append(inner.found, matches(text, connectionPatterns())...)
	}
	for _, s := range found {
		f.add(at[s.start], at[s.end])
	}
}

// content returns the unescaped text between a string's quotes, and the offsets in src of each of its
// bytes and of its end.
func content(src string, x lexeme) (string, []int) {
	i := x.start
	if src[i] == '$' {
		i += strings.IndexByte(src[i+1:], '$') + 2
		end := x.end
		if x.open == "" {
			end -= i - x.start
		}
		at := make([]int, 0, end-i+1)
		for j := i; j <= end; j++ {
			at = append(at, j)
		}
		return src[i:end], at
	}
	backslash := src[i]|0x20 == 'e'
	i += strings.IndexByte(src[i:], '\'') + 1
	var b []byte
	var at []int
	for i < x.end {
		c, n := src[i], 1
		switch {
		case c == '\\' && backslash && i+1 < x.end:
			c, n = src[i+1], 2
			if strings.IndexByte("bfnrt", c) >= 0 {
				c = ' '
			}
		case c == '\'' && i+1 < x.end && src[i+1] == '\'':
			n = 2
		case c == '\'':
			again := newLexer(src).continuation(i + 1)
			if i+1 >= x.end || again < 0 {
				return string(b), append(at, i)
			}
			i = again + 1
			continue
		}
		b, at = append(b, c), append(at, i)
		i += n
	}
	return string(b), append(at, x.end)
}
