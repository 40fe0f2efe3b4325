package runner

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// traces are what scripts may have left that only a new session is without, as far as it isn't read from the server: a setting
// with a dot in its name stays defined, as the empty string, and a library that was loaded stays loaded.
type traces struct {
	names  map[string]bool // settings with a dot that the scripts, or routines that they may have called, name
	loads  bool            // the scripts since the last reset may have loaded a library
	loader bool            // a routine may load one: then any script may
	seen   bool            // the database's routines have been read
}

// routinesSQL reads what routines of users do that leaves traces.
const routinesSQL = `SELECT concat_ws(' ', prosrc, (SELECT string_agg('SET ' || c, ' ') FROM unnest(proconfig) c)) FROM pg_proc
WHERE oid >= '16384' AND (prosrc ~* 'set|load' OR proconfig IS NOT NULL)`

var (
	setting = `[\pL_][\pL\pN_$]*(?:"?\."?[\pL_][\pL\pN_$]*)+`
	// In the body of a routine quotes may be doubled.
	setName    = regexp.MustCompile(`\bset\s+(?:session\s+|local\s+)?"?(` + setting + `)"?\s*(?:=|to\b)`)
	configName = regexp.MustCompile(`\bset_config\s*\(\s*(?:e?'+|\$\w*\$)(` + setting + `)`)
	load       = regexp.MustCompile(`\bload\s+(?:e?'|\$|%)`)
	routine    = regexp.MustCompile(`^create\s+(?:or\s+replace\s+)?(?:function|procedure)\b`)
)

// statement takes down what a statement may leave.
func (t *traces) statement(text string) {
	text = strings.ToLower(text)
	if loads := t.text(text); !loads {
		return
	}
	t.loads = true
	if routine.MatchString(text) {
		t.loader = true
	}
}

// routine takes down what a routine of the database may leave.
func (t *traces) routine(text string) {
	if t.text(strings.ToLower(text)) {
		t.loads, t.loader = true, true
	}
}

// text takes down the settings that a text in lower case names, and reports whether it may load a library.
func (t *traces) text(text string) (loads bool) {
	if strings.Contains(text, "set") && strings.Contains(text, ".") {
		for _, re := range []*regexp.Regexp{setName, configName} {
			for _, m := range re.FindAllStringSubmatch(text, -1) {
				if t.names == nil {
					t.names = make(map[string]bool)
				}
				t.names[strings.ReplaceAll(m[1], `"`, "")] = true
			}
		}
	}
	return strings.Contains(text, "load") && load.MatchString(text)
}

// blankSQL is an expression that says whether one of the settings is defined without a value, as a reset leaves it.
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
