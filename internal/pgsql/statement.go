package pgsql

import (
	"slices"
	"strings"
)

// A Statement is a partially parsed statement. By PostgreSQL's grammar, a keyword is one only in certain positions and
// a name elsewhere.
type Statement struct {
	// Verb is what the statement does to what kind of object: "ALTER TABLE", "DROP INDEX", "UPDATE"; of REINDEX,
	// VACUUM, CLUSTER, REFRESH, LOCK, TRUNCATE, SET and all others the first word.
	Verb string
	// Targets are the objects that the statement affects: those that follow the verb, the tables of VACUUM, CLUSTER and
	// REINDEX, the parameter of SET. An index without a name is omitted.
	Targets []Name
	// Alias is the alias of the target of an UPDATE, DELETE, MERGE or INSERT, or "".
	Alias string
	// Actions are the actions of an ALTER of a table, view or index.
	Actions []Action
	// Rest is what follows the targets, their alias, and the table of an altered policy, trigger or rule; for REINDEX
	// and other statements without targets, what follows the verb. It includes the actions.
	Rest Words
	// With are the statements of a WITH, the main one last; of an EXPLAIN ANALYZE the one that it runs.
	With []*Statement

	OrReplace, Concurrently, IfExists, IfNotExists bool
	Cascade                                        bool // of DROP and TRUNCATE
	Only                                           bool // of UPDATE, DELETE and ALTER TABLE

	options options
}

// On reports whether an option of VACUUM, CLUSTER or REINDEX, in lower case, is set and not off.
func (st *Statement) On(option string) bool { return st.options.isOn(option, false) }

// An Action is one action of an ALTER.
type Action struct {
	// Verb is "ADD COLUMN", "ADD CONSTRAINT", "ALTER COLUMN", "ALTER CONSTRAINT", "DROP COLUMN", "DROP CONSTRAINT",
	// "RENAME COLUMN", "RENAME CONSTRAINT", "RENAME TO", "VALIDATE CONSTRAINT", "SET SCHEMA", "ATTACH PARTITION",
	// "DETACH PARTITION", whether its optional words are written or not; of others the first two words: "OWNER TO",
	// "DISABLE TRIGGER", "SET (".
	Verb string
	// Name is the column or constraint, the partition, the table's new name or schema; empty for a constraint that is
	// added without a name, and for other actions.
	Name Name
	To   Name // of RENAME COLUMN and RENAME CONSTRAINT
	// Rest is what follows the name, or the verb.
	Rest Words
	// Words are the whole action.
	Words Words
}

// Cascade reports whether the action drops something with CASCADE.
func (a Action) Cascade() bool {
	return (a.Verb == "DROP COLUMN" || a.Verb == "DROP CONSTRAINT") && a.Rest.At(0) == "CASCADE"
}

// Type returns the type that an ALTER COLUMN gives its column, and the expression after USING. ok is false for other
// actions.
func (a Action) Type() (typ, using Words, ok bool) {
	switch {
	case a.Verb != "ALTER COLUMN":
		return nil, nil, false
	case a.Rest.At(0) == "TYPE":
		typ = a.Rest[1:]
	case a.Rest.Starts(0, "SET", "DATA", "TYPE"):
		typ = a.Rest[3:]
	default:
		return nil, nil, false
	}
	if i := typ.Find(0, "USING"); i >= 0 {
		typ, using = typ[:i], typ[i+1:]
	}
	if i := typ.Find(0, "COLLATE"); i >= 0 {
		typ = typ[:i]
	}
	return typ, using, true
}

// Restart reports whether a sequence is restarted by the options of an ALTER SEQUENCE, or of an ALTER COLUMN's
// identity, which w begins with, and at which number: "" if they don't say that, or a negative one.
func (w Words) Restart() (number string, ok bool) {
	for i := 0; i < len(w); {
		switch w.At(i) {
		case "RESTART":
			if i++; w.At(i) == "WITH" {
				i++
			}
			if i < len(w) && w[i].Kind == Number {
				number = w[i].Text
			}
			return number, true
		case "SET", "CYCLE", "LOGGED", "UNLOGGED":
			i++
		case "NO": // MINVALUE, MAXVALUE or CYCLE
			i += 2
		case "GENERATED":
			if i++; w.At(i) == "BY" {
				i++
			}
			i++
		case "AS", "CACHE", "MINVALUE", "MAXVALUE", "INCREMENT", "START":
			for i++; slices.Contains([]string{"BY", "WITH", "-", "+"}, w.At(i)); i++ {
			}
			_, next, ok := w.Name(i)
			if !ok {
				next = i + 1 // a number
			}
			i = next
		case "OWNED", "SEQUENCE":
			_, next, ok := w.Name(i + 2)
			if !ok {
				return "", false
			}
			i = next
		default:
			return "", false
		}
	}
	return "", false
}

// Parse parses the statement.
func (s Stmt) Parse() *Statement { return newReader(s.Text).statement() }

func (r *reader) statement() *Statement {
	st := &Statement{Verb: r.keyword()}
	switch st.Verb {
	case "CREATE":
		r.create(st)
	case "ALTER":
		r.alter(st)
	case "DROP":
		r.drop(st)
	case "WITH":
		r.with(st)
	case "TRUNCATE":
		r.accept("TABLE")
		r.relations(st)
		r.accept("RESTART")
		r.accept("CONTINUE")
		r.accept("IDENTITY")
		st.Cascade = r.is("CASCADE")
	case "LOCK":
		r.accept("TABLE")
		r.relations(st)
	case "REFRESH":
		r.acceptAll("MATERIALIZED", "VIEW")
		st.Concurrently = r.accept("CONCURRENTLY")
		st.target(r.qualifiedName())
	case "UPDATE":
		r.changed(st, "SET")
	case "DELETE":
		r.accept("FROM")
		r.changed(st, "USING", "WHERE", "RETURNING")
	case "MERGE":
		r.accept("INTO")
		r.changed(st, "USING")
	case "INSERT":
		r.accept("INTO")
		st.target(r.qualifiedName())
		if r.accept("AS") {
			st.Alias, _ = r.name()
		}
	case "VACUUM", "ANALYZE", "ANALYSE", "CLUSTER":
		r.maintained(st)
	case "EXPLAIN":
		if st.options = r.options(); st.options == nil {
			st.options = options{}
			if r.accept("ANALYZE") || r.accept("ANALYSE") {
				st.options["analyze"] = ""
			}
			r.accept("VERBOSE")
		}
		if st.On("analyze") || st.On("analyse") {
			after := *r
			st.With = []*Statement{after.statement()}
		}
	case "REINDEX":
		st.options = r.options()
		after := *r
		kind := r.keyword()
		st.Concurrently = r.accept("CONCURRENTLY") || st.On("concurrently")
		if kind == "TABLE" || kind == "INDEX" {
			st.target(r.qualifiedName())
		}
		*r = after
	case "SET":
		if saved := *r; (r.accept("SESSION") || r.accept("LOCAL")) && (r.is("=") || r.is("TO") || r.is(".")) {
			*r = saved // it is a parameter
		}
		st.target(r.qualifiedName())
	}
	st.Rest = r.rest()
	return st
}

// target adds a name that was read, if ok.
func (st *Statement) target(schema, name string, ok bool) bool {
	if ok {
		st.Targets = append(st.Targets, Name{schema, name})
	}
	return ok
}

// keyword reads any word and returns it in upper case.
func (r *reader) keyword() string {
	if r.kind != Word {
		return ""
	}
	text := strings.ToUpper(r.text())
	r.advance()
	return text
}

// relations reads a comma-separated list of tables.
func (r *reader) relations(st *Statement) {
	for st.target(r.relation()) && r.accept(",") {
	}
}

// changed reads the table whose rows are changed, and its alias, which is none of the keywords that may come next.
func (r *reader) changed(st *Statement, next ...string) {
	st.Only = r.is("ONLY")
	st.target(r.relation())
	if r.accept("AS") || !slices.ContainsFunc(next, r.is) {
		st.Alias, _ = r.name()
	}
}

// maintained reads the options and tables of VACUUM, ANALYZE and CLUSTER.
func (r *reader) maintained(st *Statement) {
	st.options = options{}
	for _, w := range []string{"FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"} {
		if r.accept(w) {
			st.options[strings.ToLower(w)] = ""
		}
	}
	if o := r.options(); o != nil {
		st.options = o
	}
	for st.target(r.relation()) {
		if r.accept("ON") { // after an index's name
			st.Targets = nil
			st.target(r.qualifiedName())
		}
		r.inParens()
		if !r.accept(",") {
			return
		}
	}
}

// kinds are the kinds of objects with names of several words, each before a shorter one that it begins with.
var kinds = [][]string{
	{"MATERIALIZED", "VIEW"}, {"FOREIGN", "TABLE"}, {"FOREIGN", "DATA", "WRAPPER"}, {"EVENT", "TRIGGER"}, {"ACCESS", "METHOD"},
	{"DEFAULT", "PRIVILEGES"}, {"DEFAULT", "CONVERSION"}, {"LARGE", "OBJECT"},
	{"TEXT", "SEARCH", "CONFIGURATION"}, {"TEXT", "SEARCH", "DICTIONARY"}, {"TEXT", "SEARCH", "PARSER"}, {"TEXT", "SEARCH", "TEMPLATE"},
	{"OPERATOR", "CLASS"}, {"OPERATOR", "FAMILY"}, {"PROCEDURAL", "LANGUAGE"},
}

// object reads the kind of an object.
func (r *reader) object() string {
	for _, k := range kinds {
		if r.acceptAll(k...) {
			return strings.Join(k, " ")
		}
	}
	// Without FOR, MAPPING is a user's name.
	if saved := *r; r.acceptAll("USER", "MAPPING") && (r.is("FOR") || r.is("IF")) {
		return "USER MAPPING"
	} else {
		*r = saved
	}
	return r.keyword()
}

// modifiers may come between CREATE and the kind of object.
var modifiers = []string{"GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "RECURSIVE", "CONSTRAINT", "TRUSTED"}

func (r *reader) create(st *Statement) {
	st.OrReplace = r.acceptAll("OR", "REPLACE")
	for slices.ContainsFunc(modifiers, r.accept) {
	}
	kind := r.object()
	st.Verb += " " + kind
	st.Concurrently = kind == "INDEX" && r.accept("CONCURRENTLY")
	st.IfNotExists = r.ifNotExists()
	switch {
	case kind == "CAST", kind == "TRANSFORM", kind == "USER MAPPING", kind == "INDEX" && r.is("ON"), kind == "SCHEMA" && r.is("AUTHORIZATION"):
		return
	}
	st.target(r.qualifiedName())
}

func (r *reader) alter(st *Statement) {
	kind := r.object()
	st.Verb += " " + kind
	st.IfExists = r.ifExists()
	switch kind {
	case "SYSTEM", "DEFAULT PRIVILEGES", "USER MAPPING", "LARGE OBJECT":
		return
	}
	st.Only = kind == "TABLE" && r.is("ONLY")
	if r.is("ALL") || !st.target(r.relation()) {
		return
	}
	switch kind {
	case "POLICY", "TRIGGER", "RULE":
		if r.accept("ON") {
			r.relation()
		}
	case "TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "INDEX":
		after := *r
		for _, w := range after.rest().Split() {
			if len(w) > 0 {
				st.Actions = append(st.Actions, readAction(r.src, w))
			}
		}
	}
}

func (r *reader) drop(st *Statement) {
	kind := r.object()
	st.Verb += " " + kind
	st.Concurrently = kind == "INDEX" && r.accept("CONCURRENTLY")
	st.IfExists = r.ifExists()
	switch kind {
	case "CAST":
	case "OWNED", "TRANSFORM", "USER MAPPING":
		// By a role, a type and a language, a user and a server.
		r.accept("BY")
		r.accept("FOR")
		for r.name(); r.accept(",") || r.accept("LANGUAGE") || r.accept("SERVER") || r.accept("."); r.name() {
		}
	case "OPERATOR":
		for r.kind != 0 && !r.is("(") {
			r.advance()
		}
	default:
		for st.target(r.qualifiedName()) {
			r.inParens() // a function's arguments
			if !r.accept(",") {
				break
			}
		}
	}
	r.inParens()
	if r.accept("ON") || r.accept("USING") {
		r.qualifiedName() // the table of a trigger, rule or policy, the access method of an operator class
	}
	st.Cascade = r.is("CASCADE")
}

// with parses a WITH after its first word.
func (r *reader) with(st *Statement) {
	if saved := *r; r.accept("RECURSIVE") && (r.is("AS") || r.is("(")) {
		*r = saved // it is a name
	}
	for {
		r.name()
		r.inParens()
		r.accept("AS")
		r.accept("NOT")
		r.accept("MATERIALIZED")
		from := r.start
		if !r.inParens() {
			return
		}
		st.With = append(st.With, newReader(r.src[from+1:r.before-1]).statement())
		if r.acceptAll("SEARCH", "DEPTH") || r.acceptAll("SEARCH", "BREADTH") {
			r.accept("FIRST")
			r.accept("BY")
			r.names()
			r.accept("SET")
			r.name()
		}
		if r.accept("CYCLE") {
			r.names()
			for r.kind != 0 && !r.accept("USING") {
				r.advance()
			}
			r.name()
		}
		if !r.accept(",") {
			break
		}
	}
	after := *r
	st.With = append(st.With, after.statement())
}

// names skips a comma-separated list of names.
func (r *reader) names() {
	for r.name(); r.accept(","); r.name() {
	}
}

// readAction parses an action of an ALTER from its words in src.
func readAction(src string, w Words) Action {
	a := Action{Words: w}
	text := w.In(src)
	r := newReader(text)
	r.action(&a)
	if r.kind == 0 {
		return a
	}
	at := w[0].Pos.Offset + r.start
	a.Rest = w[slices.IndexFunc(w, func(t Token) bool { return t.Pos.Offset >= at }):]
	return a
}

func (r *reader) action(a *Action) {
	name := func(verb string) {
		a.Verb = verb
		a.Name.Name, _ = r.name()
	}
	switch {
	case r.acceptAll("ADD", "CONSTRAINT"):
		name("ADD CONSTRAINT")
	case r.is("ADD") && r.addsConstraint():
		a.Verb = "ADD CONSTRAINT"
	case r.accept("ADD"):
		r.accept("COLUMN")
		r.ifNotExists()
		name("ADD COLUMN")
	case r.acceptAll("ALTER", "CONSTRAINT"):
		name("ALTER CONSTRAINT")
	case r.accept("ALTER"):
		r.accept("COLUMN")
		name("ALTER COLUMN")
		if a.Name.Name == "" && r.kind == Number { // of an index
			r.advance()
		}
	case r.acceptAll("DROP", "CONSTRAINT"):
		r.ifExists()
		name("DROP CONSTRAINT")
	case r.accept("DROP"):
		r.accept("COLUMN")
		r.ifExists()
		name("DROP COLUMN")
	case r.acceptAll("VALIDATE", "CONSTRAINT"):
		name("VALIDATE CONSTRAINT")
	case r.acceptAll("RENAME", "TO"):
		name("RENAME TO")
	case r.acceptAll("RENAME", "CONSTRAINT"):
		name("RENAME CONSTRAINT")
		r.to(a)
	case r.accept("RENAME"):
		r.accept("COLUMN")
		name("RENAME COLUMN")
		r.to(a)
	case r.acceptAll("SET", "SCHEMA"):
		name("SET SCHEMA")
	case r.is("ATTACH"), r.is("DETACH"):
		a.Verb = r.keyword() + " PARTITION"
		r.accept("PARTITION")
		a.Name.Schema, a.Name.Name, _ = r.qualifiedName()
	default:
		a.Verb = r.keyword() + " " + strings.ToUpper(r.text())
		r.advance()
	}
}

func (r *reader) to(a *Action) {
	r.accept("TO")
	a.To.Name, _ = r.name()
}

// addsConstraint reports whether ADD is followed by a constraint without a name, and skips the ADD if so.
func (r *reader) addsConstraint() bool {
	saved := *r
	r.advance()
	for _, w := range []string{"CHECK", "UNIQUE", "PRIMARY", "FOREIGN", "NOT"} {
		if r.is(w) {
			return true
		}
	}
	// EXCLUDE is a column's name, too.
	exclude := *r
	if exclude.accept("EXCLUDE") && (exclude.is("USING") || exclude.is("(")) {
		return true
	}
	*r = saved
	return false
}
