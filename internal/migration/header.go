package migration

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Directives are in the comment lines at the very top of a file, followed by an empty line. Atlas silently ignores its
// own elsewhere, after a byte order mark, or with CR LF line ends. So a comment that looks like a directive but that
// some tool would ignore is an error.

// A header holds a file's directives.
type header struct {
	revision string // alembic:revision
	txNone   bool   // atlas:txmode none
	downNone string // alembic:down none: its reason

	checkpoint int // line of atlas:checkpoint, 0 if absent

	contract int // line of migrate:contract, 0 if absent

	lockTimeout time.Duration // migrate:lock_timeout, 0 if absent

	done *pgsql.Stmt // migrate:done: its query
}

type directive struct {
	space string // "atlas", "alembic" or "migrate", lower case
	name  string // lower case
	args  string
	exact bool // written exactly as "-- space:name args"
}

func (d directive) String() string { return d.space + ":" + d.name }

const (
	byteOrderMark   = "\uFEFF"
	headerRule      = "directives must be in the comment lines at the very top of the file, followed by an empty line"
	atlasTxmode     = "atlas:txmode"
	atlasCheckpoint = "atlas:checkpoint"
	alembicRevision = "alembic:revision"
	alembicDown     = "alembic:down"
	lockTimeout     = "migrate:lock_timeout"
	migrateDone     = "migrate:done"
	migrateContract = "migrate:contract"
	atlasNolint     = "atlas:nolint"
)

// unsupported maps Atlas's directives that change what a file means to what to do instead.
var unsupported = map[string]string{
	"atlas:delimiter": "statements end with a semicolon here, and function bodies need no other delimiter",
	"atlas:txtar":     "write one plain SQL file",
	"atlas:sum":       "atlas.sum covers every file",
	"atlas:import":    "write the SQL into the file itself",
	"atlas:assert":    "pre-migration checks are not supported; raise an exception in a DO block",
}

// supported maps directives to their arguments. The linter reads nolint, which may also be at a statement.
var supported = map[string]string{
	atlasTxmode:     "none",
	atlasCheckpoint: "",
	alembicRevision: "ID",
	alembicDown:     "none REASON",
	lockTimeout:     "5s",
	migrateDone:     "SELECT ...",
	migrateContract: "",
	atlasNolint:     "",
	batch.Directive: strings.TrimPrefix(batch.Usage, "-- "+batch.Directive+" "),
}

// parseHeader reads the directives of the file src. It needs the statements for their comments. It reports errors to
// complain.
func parseHeader(src string, stmts []pgsql.Stmt, down bool, complain func(line int, format string, args ...any)) header {
	var h header
	if !mentionsDirective(src) {
		return h
	}
	p := headerParser{h: &h, down: down, complain: complain, seen: make(map[string]int)}
	end := p.top(src)
	p.elsewhere(src, stmts, end)
	return h
}

type headerParser struct {
	h        *header
	down     bool
	complain func(line int, format string, args ...any)
	seen     map[string]int // directive -> line
}

// top reads the comment lines at the top of src and returns the offset where they end.
func (p *headerParser) top(src string) int {
	body, bom := strings.CutPrefix(src, byteOrderMark)
	skipped := len(src) - len(body)
	var (
		lines    []string
		detached bool
		rest     = body
	)
	for strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "#") {
		line, after, ended := strings.Cut(rest, "\n")
		lines = append(lines, line)
		rest = after
		if !ended {
			break
		}
		detached = rest == "" || strings.HasPrefix(strings.TrimLeft(rest, " \t"), "\n")
	}
	crlf := strings.HasPrefix(strings.TrimLeft(rest, " \t"), "\r")
	unended := len(lines) > 0 && !strings.HasSuffix(body[:len(body)-len(rest)], "\n")
	for i, text := range lines {
		line := i + 1
		d, ok := parseDirective(text)
		p.buried(line, text, d)
		if !ok {
			continue
		}
		if d.exact && (d.String() == atlasNolint || d.String() == batch.Directive) {
			continue
		}
		switch {
		case bom:
			p.complain(line, "the file begins with a byte order mark, which hides the directive %s from Atlas: save it as UTF-8 without one", d)
		case strings.HasSuffix(text, "\r") || crlf:
			p.complain(line, "the lines end with CR LF, which hides the directive %s from Atlas: save the file with LF line ends and keep them with \"*.sql -text\" in .gitattributes", d)
		case unended:
			p.complain(line, "the last line has no line end, which hides the directive %s from Atlas: end it with one", d)
		case p.read(line, d) && !detached:
			p.complain(line, "Atlas ignores the directive %s without an empty line after the comment lines at the top: add one after line %d", d, len(lines))
		}
	}
	return skipped + len(body) - len(rest)
}

// elsewhere reports directives that aren't in the lines at the top, which end at the offset top.
func (p *headerParser) elsewhere(src string, stmts []pgsql.Stmt, top int) {
	tail := top
	for _, s := range stmts {
		for _, c := range s.Comments {
			if c.Pos.Offset >= top {
				p.misplaced(c.Pos.Line, c.Text)
			}
		}
		tail = s.End
	}
	last := 1 + strings.Count(src[:tail], "\n")
	p.misplaced(last, src[tail:])
	for i, l := range strings.Split(src[tail:], "\n") {
		if d, ok := parseDirective(l); ok && d.String() == batch.Directive && d.exact {
			p.complain(last+i, "no statement follows the directive %s", d)
		}
	}
}

func (p *headerParser) misplaced(line int, text string) {
	for i, l := range strings.Split(text, "\n") {
		d, ok := parseDirective(l)
		if !ok || d.String() == atlasNolint {
			continue
		}
		if d.String() == batch.Directive {
			if !d.exact {
				p.complain(line+i, "write the directive as %q", batch.Usage)
			}
			continue
		}
		if why, ok := unsupported[d.String()]; ok {
			p.complain(line+i, "the directive %s is not supported: %s", d, why)
			continue
		}
		if _, ok := supported[d.String()]; ok {
			if first, ok := p.seen[d.String()]; ok {
				p.complain(line+i, "the directive %s is ignored here, and is already on line %d: remove it", d, first)
				continue
			}
			p.complain(line+i, "the directive %s is ignored here: %s; move it there", d, headerRule)
		}
	}
}

// buried reports a comment in which Atlas finds a directive other than the one that begins it, if any. Atlas reads the
// last directive of a line, and takes a CR for a line end.
func (p *headerParser) buried(line int, text string, first directive) {
	if before, after, ok := strings.Cut(strings.TrimSuffix(text, "\r"), "\r"); ok {
		p.buried(line, before, first)
		p.buried(line, after, directive{})
		return
	}
	if first.space == "atlas" && strings.Count(text, "atlas:") == 1 {
		return
	}
	for i := len(text); i > 0; {
		i = strings.LastIndex(text[:i], "atlas:")
		if i < 0 {
			return
		}
		d, ok := parseDirective("-- " + text[i:])
		if !ok {
			continue
		}
		_, known := supported[d.String()]
		_, refused := unsupported[d.String()]
		if known || refused {
			p.complain(line, "Atlas takes %q in this comment for a directive: reword it, or write \"-- %s\" on its own line", d.String(), strings.TrimSpace(text[i:]))
		}
		return
	}
}

// read reads a directive, and reports whether it is well formed.
func (p *headerParser) read(line int, d directive) bool {
	usage, ok := supported[d.String()]
	switch why, refused := unsupported[d.String()]; {
	case refused:
		p.complain(line, "the directive %s is not supported: %s", d, why)
		return false
	case !ok:
		p.complain(line, "unknown directive %s; known directives: %s, %s, %s, %s, %s, %s, %s, %s, %s", d, atlasTxmode, atlasNolint, atlasCheckpoint, alembicRevision, alembicDown, lockTimeout, migrateDone, migrateContract, batch.Directive)
		return false
	case !d.exact:
		p.complain(line, "write the directive as \"%s\"", strings.TrimSpace("-- "+d.String()+" "+usage))
		return false
	}
	if first, twice := p.seen[d.String()]; twice {
		p.complain(line, "duplicate directive %s: the first is on line %d", d, first)
		return false
	}
	p.seen[d.String()] = line
	switch d.String() {
	case atlasTxmode:
		return p.txmode(line, d.args)
	case atlasCheckpoint:
		return p.checkpoint(line)
	case alembicRevision:
		return p.revision(line, d.args)
	case alembicDown:
		return p.downNone(line, d.args)
	case lockTimeout:
		return p.lockTimeout(line, d.args)
	case migrateDone:
		return p.done(line, d.args)
	case migrateContract:
		return p.contract(line, d.args)
	}
	return true
}

func (p *headerParser) txmode(line int, mode string) bool {
	switch mode {
	case "none":
		p.h.txNone = true
	case "file":
	case "all":
		p.complain(line, "atlas:txmode all is not supported: every file has its own transaction (file, the default) or none (none)")
		return false
	default:
		p.complain(line, "unknown transaction mode %q; known modes: none, file", mode)
		return false
	}
	return true
}

const (
	// maxVersion is the length of alembic_version.version_num in the table that Alembic creates.
	maxVersion = 32
	// maxRevision is the length of a revision id. Many projects widen the column for longer ids.
	maxRevision = 255
)

func (p *headerParser) revision(line int, id string) bool {
	if p.down {
		p.complain(line, "alembic:revision belongs in the migration itself, not in its down file")
		return false
	}
	if why := checkRevision(id); why != "" {
		p.complain(line, "the revision id %q %s", id, why)
		return false
	}
	p.h.revision = id
	return true
}

// checkRevision says what is wrong with a revision id, or returns "".
func checkRevision(id string) string {
	switch id {
	case "":
		return "is empty"
	case "head", "heads", "base", "current":
		return "is a word with a special meaning for Alembic and this tool"
	}
	if n := len([]rune(id)); n > maxRevision {
		return fmt.Sprintf("has %d characters, and at most %d are possible", n, maxRevision)
	}
	for _, r := range id {
		if r > unicode.MaxASCII || r != '_' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return fmt.Sprintf("contains %q: only letters, digits, _ and . are allowed", r)
		}
	}
	return ""
}

func (p *headerParser) downNone(line int, args string) bool {
	if !p.down {
		p.complain(line, "alembic:down belongs in the file under %s/, not in the migration itself", DownDir)
		return false
	}
	word, reason, _ := strings.Cut(args, " ")
	reason = strings.TrimSpace(reason)
	if word != "none" || reason == "" {
		p.complain(line, "write the directive as \"-- alembic:down none REASON\", and say why the migration is irreversible")
		return false
	}
	p.h.downNone = reason
	return true
}

// lockTimeout reads how long the file's statements wait for a lock, which overrides atlas.hcl.
func (p *headerParser) lockTimeout(line int, args string) bool {
	d, err := time.ParseDuration(args)
	if err != nil || d < time.Millisecond || d > 24*time.Hour {
		p.complain(line, "%s %q: write a duration such as 500ms, 5s or 1m, from 1ms to 24h", lockTimeout, args)
		return false
	}
	p.h.lockTimeout = d
	return true
}

// contract reads that apply stops before the file.
func (p *headerParser) contract(line int, args string) bool {
	switch {
	case p.down:
		p.complain(line, "%s belongs in the migration itself, not in its down file", migrateContract)
		return false
	case args != "":
		p.complain(line, "%s takes no arguments: write only \"-- %[1]s\"", migrateContract)
		return false
	}
	p.h.contract = line
	return true
}

// mentionsDirective is a fast test that rules out most files.
func mentionsDirective(src string) bool {
	for i := 0; i < len(src); i++ {
		switch src[i] | 0x20 {
		case 'a':
			if hasPrefixFold(src[i:], "atlas") || hasPrefixFold(src[i:], "alembic") {
				return true
			}
		case 'm':
			if hasPrefixFold(src[i:], "migrate") {
				return true
			}
		}
	}
	return false
}

// parseDirective parses a line of a comment. It also recognizes directives with other comment marks, blanks or capital
// letters, which need correcting.
func parseDirective(line string) (directive, bool) {
	text := strings.TrimRight(line, " \t\r\n")
	marked := strings.TrimLeft(text, " \t-#/*")
	var d directive
	for _, space := range []string{"atlas", "alembic", "migrate"} {
		if hasPrefixFold(marked, space) {
			d.space = space
			break
		}
	}
	if d.space == "" {
		return directive{}, false
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(marked[len(d.space):], " \t"), ":")
	if !ok {
		return directive{}, false
	}
	rest = strings.TrimLeft(rest, " \t")
	n := strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if n < 0 {
		n = len(rest)
	}
	if n == 0 {
		return directive{}, false
	}
	d.name = strings.ToLower(rest[:n])
	d.args = strings.TrimSpace(rest[n:])
	plain := d.space + ":" + d.name
	after, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(text, "--"), " "), plain)
	d.exact = strings.HasPrefix(text, "--") && ok && (after == "" || after[0] == ' ')
	if !strings.Contains(marked, plain) {
		// "-- Atlas: see below" is prose unless the next word is a directive's name.
		_, known := supported[plain]
		_, refused := unsupported[plain]
		if !known && !refused {
			return directive{}, false
		}
	}
	return d, true
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
