package lint

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// words are tokens of a statement.
type words []pgsql.Token

// at returns the i-th token: a keyword in upper case, or punctuation; "" for what is quoted or not there.
func (w words) at(i int) string {
	if i < 0 || i >= len(w) {
		return ""
	}
	switch w[i].Kind {
	case pgsql.Word:
		return strings.ToUpper(w[i].Text)
	case pgsql.Op, pgsql.Number:
		return w[i].Text
	}
	return ""
}

// starts reports whether the tokens from the i-th on are those.
func (w words) starts(i int, seq ...string) bool {
	for j, s := range seq {
		if w.at(i+j) != s {
			return false
		}
	}
	return true
}

// find returns where seq stands outside parentheses, from the i-th token on, or -1.
func (w words) find(i int, seq ...string) int {
	depth := 0
	for ; i < len(w); i++ {
		if depth == 0 && w.starts(i, seq...) {
			return i
		}
		switch w.at(i) {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		}
	}
	return -1
}

func (w words) has(seq ...string) bool { return w.find(0, seq...) >= 0 }

// anywhere is has, within parentheses too.
func (w words) anywhere(seq ...string) bool {
	for i := range w {
		if w.starts(i, seq...) {
			return true
		}
	}
	return false
}

// name reads the i-th token as an identifier, as PostgreSQL folds it.
func (w words) name(i int) (string, bool) {
	if i < 0 || i >= len(w) {
		return "", false
	}
	switch t := w[i]; t.Kind {
	case pgsql.Word:
		return strings.ToLower(t.Text), true
	case pgsql.QuotedIdent:
		if t.Text[0] == '"' {
			return strings.ReplaceAll(t.Text[1:len(t.Text)-1], `""`, `"`), true
		}
	}
	return "", false
}

// qualified is an object's name. A schema that is not written is empty.
type qualified struct{ schema, name string }

// qualified reads [schema.]name at i and returns where it ends.
func (w words) qualified(i int) (q qualified, next int, ok bool) {
	q.name, ok = w.name(i)
	i++
	for ok && w.at(i) == "." {
		q.schema = q.name
		q.name, ok = w.name(i + 1)
		i += 2
	}
	return q, i, ok
}

// list reads names with commas in between.
func (w words) list(i int) (list []qualified, next int) {
	for {
		for w.at(i) == "ONLY" || w.at(i) == "(" {
			i++
		}
		q, next, ok := w.qualified(i)
		if !ok {
			return list, i
		}
		list = append(list, q)
		for i = next; w.at(i) == "*" || w.at(i) == ")"; i++ {
		}
		if w.at(i) != "," {
			return list, i
		}
		i++
	}
}

// split cuts the tokens at the commas outside parentheses.
func (w words) split() []words {
	var parts []words
	start, depth := 0, 0
	for i := range w {
		switch w.at(i) {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			if depth == 0 {
				parts = append(parts, w[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, w[start:])
}

// alternatives cuts a condition at the ORs outside parentheses, and takes off parentheses around the whole.
func (w words) alternatives() []words {
	for w.at(0) == "(" && w.find(1, ")") == len(w)-1 {
		w = w[1 : len(w)-1]
	}
	var parts []words
	start := 0
	for i := w.find(0, "OR"); i >= 0; i = w.find(start, "OR") {
		parts = append(parts, w[start:i])
		start = i + 1
	}
	return append(parts, w[start:])
}

// A statement is what the text of one says, as far as the rules need to know it.
type statement struct {
	words
	text string
	// verb is what it does to what kind of object: "ALTER TABLE", "DROP INDEX", "UPDATE".
	verb string
	// targets are the names that follow the verb.
	targets []qualified
	// actions are those of an ALTER, and the elements of a CREATE TABLE.
	actions []words

	concurrently, ifExists, ifNotExists, orReplace, cascade, only bool
}

// modifiers may stand between CREATE and the kind of object.
var modifiers = []string{"GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "RECURSIVE", "CONSTRAINT", "TRUSTED", "PROCEDURAL"}

func parse(s pgsql.Stmt) *statement {
	st := &statement{words: pgsql.Tokens(s.Text), text: s.Text}
	w := st.words
	i := 1
	switch first := w.at(0); first {
	case "CREATE", "ALTER", "DROP":
		if w.starts(i, "OR", "REPLACE") {
			st.orReplace = true
			i += 2
		}
		for first == "CREATE" && slices.Contains(modifiers, w.at(i)) {
			i++
		}
		kind := w.at(i)
		i++
		switch kind {
		case "MATERIALIZED", "FOREIGN", "EVENT", "DEFAULT", "USER", "ACCESS":
			if second := w.at(i); kind != "USER" || second == "MAPPING" {
				kind += " " + second
				i++
			}
		}
		st.verb = first + " " + kind
	case "DELETE", "INSERT", "MERGE":
		st.verb = first
		i++
	case "TRUNCATE", "LOCK":
		st.verb = first
		if w.at(i) == "TABLE" {
			i++
		}
	case "REFRESH":
		st.verb = first
		i = 3
	case "DROP OWNED":
	default:
		st.verb = first
	}
	if w.at(i) == "CONCURRENTLY" {
		st.concurrently = true
		i++
	}
	if w.starts(i, "IF", "EXISTS") {
		st.ifExists = true
		i += 2
	}
	if w.starts(i, "IF", "NOT", "EXISTS") {
		st.ifNotExists = true
		i += 3
	}
	if w.at(i) == "ONLY" {
		st.only = true
	}
	switch w.at(0) {
	case "DROP", "TRUNCATE", "LOCK", "REFRESH":
		st.targets, i = w.list(i)
	case "ALTER", "CREATE", "UPDATE", "DELETE", "INSERT", "MERGE":
		if st.only {
			i++
			if w.at(i) == "(" {
				i++
			}
		}
		if q, next, ok := w.qualified(i); ok {
			st.targets, i = []qualified{q}, next
			for w.at(i) == "*" || st.only && w.at(i) == ")" {
				i++
			}
		}
	}
	switch st.verb {
	case "ALTER TABLE", "ALTER FOREIGN TABLE", "ALTER VIEW", "ALTER MATERIALIZED VIEW", "ALTER INDEX":
		if i < len(w) {
			st.actions = w[i:].split()
		}
	case "CREATE TABLE":
		if w.at(i) == "(" {
			if end := w.find(i+1, ")"); end > 0 {
				st.actions = w[i+1 : end].split()
			}
		}
	}
	st.cascade = (w.at(0) == "DROP" || w.at(0) == "TRUNCATE") && w.at(len(w)-1) == "CASCADE"
	return st
}

// with returns the statement's text with another in place of the words seq, which it has once.
func (st *statement) with(seq []string, text string) (string, bool) {
	at, n := 0, 0
	for i := range st.words {
		if st.starts(i, seq...) {
			at, n = i, n+1
		}
	}
	if n != 1 {
		return "", false
	}
	last := st.words[at+len(seq)-1]
	return st.text[:st.words[at].Pos.Offset] + text + st.text[last.Pos.Offset+len(last.Text):], true
}

// addsRows reports whether the statement does no more than insert the rows that it names.
func (st *statement) addsRows() bool {
	return st.verb == "INSERT" && len(st.targets) == 1 && !st.anywhere("SELECT") && !st.anywhere("TABLE")
}

// action returns the first action of an ALTER TABLE that starts with one of the sequences.
func (st *statement) action(seqs ...[]string) (words, bool) {
	for _, a := range st.actions {
		for _, seq := range seqs {
			if a.starts(0, seq...) {
				return a, true
			}
		}
	}
	return nil, false
}

// columnAction returns the action of an ALTER TABLE that alters the column.
func (st *statement) columnAction(name string) (words, bool) {
	for _, a := range st.actions {
		i := 1
		if a.at(i) == "COLUMN" {
			i++
		}
		if n, ok := a.name(i); a.at(0) == "ALTER" && ok && n == name {
			return a[i+1:], true
		}
	}
	return nil, false
}
