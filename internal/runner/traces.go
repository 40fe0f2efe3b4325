package runner

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// traces are the effects of scripts on a session that no reset removes and no query shows. A setting with a dot in its
// name stays defined, as the empty string, and a library stays loaded. A setting's name that is built at run time is
// unknown, so it counts as a loaded library.
type traces struct {
	names  map[string]bool // settings with a dot that appear in the scripts, or in routines that they may have called
	loads  bool            // the scripts since the last reset may have loaded a library
	loader bool            // a routine may load a library, so any script may
	read   bool            // the database's routines have been read
}

// routinesSQL reads the users' routines that may leave traces.
const routinesSQL = `SELECT pg_catalog.concat_ws(' ', p.prosrc, (SELECT pg_catalog.string_agg(pg_catalog.concat('SET ', c), ' ') FROM pg_catalog.unnest(p.proconfig) c))
FROM pg_catalog.pg_proc p
WHERE p.oid OPERATOR(pg_catalog.>=) '16384' AND (p.prosrc OPERATOR(pg_catalog.~*) 'set|load' OR p.proconfig IS NOT NULL)`

// patterns match what leaves traces in lower-case text. They are compiled on first use, because most commands run no
// script.
var patterns = sync.OnceValue(func() (p struct{ setName, configName, setBuilt, config, plain, load, routine *regexp.Regexp }) {
	const (
		word   = `[\pL_][\pL\pN_$]*`
		dotted = `(` + word + `(?:"?\."?` + word + `)+)`
		space  = `(?:\s|/\*.*?\*/|--[^\n]*\n)`
		quote  = `(?:e?'+|\$\w*\$)` // doubled in quoted text
	)
	p.setName = regexp.MustCompile(`\bset` + space + `+(?:(?:session|local)` + space + `+)?"?` + dotted + `"?` + space + `*(?:=|to\b)`)
	p.configName = regexp.MustCompile(`\bset_config` + space + `*\(` + space + `*` + quote + dotted)
	p.setBuilt = regexp.MustCompile(quote + space + `*set` + space + `+(?:(?:session|local)` + space + `+)?(?:` + quote + `|%)`)
	p.config = regexp.MustCompile(`\bset_config` + space + `*\(` + space + `*`)
	p.plain = regexp.MustCompile(`^(?:e?'+[^']*'+|\$\w*\$[^$]*\$\w*\$)` + space + `*,`)
	p.load = regexp.MustCompile(`\bload` + space + `+(?:` + quote + `|%)`)
	p.routine = regexp.MustCompile(`^create\s+(?:or\s+replace\s+)?(?:function|procedure)\b`)
	return p
})

// statement records the traces that a statement may leave.
func (t *traces) statement(text string) {
	text = strings.ToLower(text)
	if loads := t.text(text); !loads {
		return
	}
	t.loads = true
	if patterns().routine.MatchString(text) {
		t.loader = true
	}
}

// routines records the traces that the database's routines may leave, from the result of routinesSQL.
func (t *traces) routines(read *pgconn.Result) {
	for _, row := range read.Rows {
		if t.text(strings.ToLower(string(row[0]))) {
			t.loads, t.loader = true, true
		}
	}
	t.read = true
}

// text records the settings in a lower-case text, and reports whether it may load a library or set a setting that it
// doesn't name.
func (t *traces) text(text string) (loads bool) {
	if strings.Contains(text, "set") && strings.Contains(text, ".") {
		for _, re := range []*regexp.Regexp{patterns().setName, patterns().configName} {
			for _, m := range re.FindAllStringSubmatch(text, -1) {
				if t.names == nil {
					t.names = make(map[string]bool)
				}
				name := strings.ReplaceAll(m[1], `"`, "")
				t.names[name] = true
				before, _, _ := strings.Cut(name, "$") // the end of a dollar quote may follow
				t.names[before] = true
			}
		}
	}
	return strings.Contains(text, "load") && patterns().load.MatchString(text) || strings.Contains(text, "set") && builds(text)
}

// builds reports whether a lower-case text builds the name of a setting at run time.
func builds(text string) bool {
	if patterns().setBuilt.MatchString(text) {
		return true
	}
	for _, m := range patterns().config.FindAllStringIndex(text, -1) {
		if !patterns().plain.MatchString(text[m[1]:]) {
			return true
		}
	}
	return false
}

// blankSQL returns an expression that is true if one of the settings is defined as the empty string, as a reset leaves
// it.
func (t *traces) blankSQL() string {
	if len(t.names) == 0 {
		return "false"
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(t.names)) {
		names = append(names, pgsql.Literal(name))
	}
	return "(SELECT COALESCE(pg_catalog.bool_or(pg_catalog.current_setting(n, true) OPERATOR(pg_catalog.=) ''), false) FROM pg_catalog.unnest(ARRAY[" + strings.Join(names, ", ") + "]) n)"
}
