package lint

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// addsRows reports whether the statement only inserts literal rows.
func addsRows(st *pgsql.Statement) bool {
	return st.Verb == "INSERT" && len(st.Targets) == 1 && !st.Rest.Anywhere("SELECT") && !st.Rest.Anywhere("TABLE")
}

// action returns the first action with a verb.
func (s *step) action(verb string) (pgsql.Action, bool) {
	for _, a := range s.st.Actions {
		if a.Verb == verb {
			return a, true
		}
	}
	return pgsql.Action{}, false
}

// acts reports whether an action with a verb names a column or constraint.
func (s *step) acts(verb, name string) bool {
	return slices.ContainsFunc(s.st.Actions, func(a pgsql.Action) bool { return a.Verb == verb && a.Name.Name == name })
}

// condition returns the condition of an UPDATE or DELETE.
func condition(st *pgsql.Statement) (w pgsql.Words, ok bool) {
	i := st.Rest.Find(0, "WHERE")
	if i < 0 {
		return nil, false
	}
	w = st.Rest[i+1:]
	if end := w.Find(0, "RETURNING"); end >= 0 {
		w = w[:end]
	}
	return w, true
}

// assignments returns the assignments of an UPDATE, and whether it reads other tables.
func assignments(st *pgsql.Statement) (list []pgsql.Words, from bool) {
	w := st.Rest
	if w.At(0) != "SET" {
		return nil, false
	}
	w = w[1:]
	for _, next := range []string{"RETURNING", "WHERE"} {
		if i := w.Find(0, next); i >= 0 {
			w = w[:i]
		}
	}
	for i := w.Find(0, "FROM"); i >= 0; i = w.Find(i+1, "FROM") {
		if w.At(i-1) != "DISTINCT" { // IS DISTINCT FROM
			return w[:i].Split(), true
		}
	}
	return w.Split(), false
}

// unwrapped removes parentheses around a whole condition.
func unwrapped(w pgsql.Words) pgsql.Words {
	for w.At(0) == "(" && w.Find(1, ")") == len(w)-1 {
		w = w[1 : len(w)-1]
	}
	return w
}

// alternatives splits a condition at the ORs outside parentheses, after removing parentheses around the whole.
func alternatives(w pgsql.Words) []pgsql.Words {
	w = unwrapped(w)
	var parts []pgsql.Words
	start := 0
	for i := w.Find(0, "OR"); i >= 0; i = w.Find(start, "OR") {
		parts = append(parts, w[start:i])
		start = i + 1
	}
	return append(parts, w[start:])
}

// with returns a statement's text with the words seq, which must occur once, replaced by text.
func with(stmt string, seq []string, text string) (string, bool) {
	w := pgsql.Words(pgsql.Tokens(stmt))
	at, n := 0, 0
	for i := range w {
		if w.Starts(i, seq...) {
			at, n = i, n+1
		}
	}
	if n != 1 {
		return "", false
	}
	last := w[at+len(seq)-1]
	return stmt[:w[at].Pos.Offset] + text + stmt[last.Pos.Offset+len(last.Text):], true
}

// inner returns the statements that a statement contains: those of a WITH, and that of an EXPLAIN ANALYZE, PREPARE or
// COPY.
func inner(st *pgsql.Statement) []*pgsql.Statement {
	var w pgsql.Words
	switch st.Verb {
	case "WITH", "EXPLAIN":
		return st.With
	case "PREPARE":
		if i := st.Rest.Find(0, "AS"); i >= 0 {
			w = st.Rest[i+1:]
		}
	case "COPY":
		if end := st.Rest.Find(1, ")"); st.Rest.At(0) == "(" && end > 0 {
			w = st.Rest[1:end]
		}
	}
	var text strings.Builder
	for _, t := range w {
		text.WriteString(t.Text + "\n") // which also continues a string
	}
	if text.Len() == 0 {
		return nil
	}
	return []*pgsql.Statement{pgsql.Stmt{Text: text.String()}.Parse()}
}

// changesRows returns the UPDATE, DELETE and MERGE statements in a statement, also in one that it contains or in a DO
// block.
func changesRows(st *pgsql.Statement) []*pgsql.Statement {
	switch st.Verb {
	case "UPDATE", "DELETE", "MERGE":
		if len(st.Targets) == 1 {
			return []*pgsql.Statement{st}
		}
	case "WITH", "EXPLAIN", "PREPARE", "COPY":
		var list []*pgsql.Statement
		for _, w := range inner(st) {
			list = append(list, changesRows(w)...)
		}
		return list
	case "DO":
		var list []*pgsql.Statement
		for _, body := range bodies(st) {
			for _, s := range body.statements() {
				list = append(list, changesRows(s)...)
			}
		}
		return list
	}
	return nil
}

// endsTransaction reports whether one of the bodies commits or rolls back, perhaps only if there are rows.
func endsTransaction(list []body) bool {
	for _, b := range list {
		for i := range b.words {
			if next := b.words.At(i + 1); begins(b.words, i) && (next == ";" || next == "AND") && (b.words.At(i) == "COMMIT" || b.words.At(i) == "ROLLBACK") {
				return true
			}
		}
	}
	return false
}

// A body is the text of a PL/pgSQL block, or of a function.
type body struct {
	text  string
	words pgsql.Words
	of    *function // nil for a block
	// definition creates the function again; "" for a block, or if the function's statements can't have marks.
	definition string
}

// bodies returns the text of a DO block in PL/pgSQL.
func bodies(st *pgsql.Statement) []body {
	if st.Verb != "DO" {
		return nil
	}
	var list []body
	for i, t := range st.Rest {
		switch {
		case t.Kind == pgsql.String && st.Rest.At(i-1) != "LANGUAGE":
			text := pgsql.StringValue(t.Text)
			list = append(list, body{text: text, words: pgsql.Tokens(text)})
		case st.Rest.At(i) == "LANGUAGE" && i+1 < len(st.Rest) && !strings.EqualFold(strings.Trim(st.Rest[i+1].Text, `"'`), "plpgsql"):
			return nil
		}
	}
	return list
}

// statements returns the block's SQL statements that begin with UPDATE, DELETE or WITH.
func (b body) statements() []*pgsql.Statement {
	var list []*pgsql.Statement
	for i := range b.words {
		if at := b.words.At(i); !begins(b.words, i) || at != "UPDATE" && at != "DELETE" && at != "MERGE" && at != "WITH" && at != "EXPLAIN" {
			continue
		}
		end := b.words.Find(i, ";")
		if end < 0 {
			end = len(b.words)
		}
		list = append(list, pgsql.Stmt{Text: b.words[i:end].In(b.text)}.Parse())
	}
	return list
}
