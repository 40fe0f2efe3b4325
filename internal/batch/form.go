package batch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A form is what a statement's text says.
type form struct {
	Row      string   // the table's alias, or its name without the schema, as an identifier
	Assigned []string // the columns that an UPDATE sets
	Only     bool     // whether the statement says ONLY

	// Excludes says that a row which the statement has changed no longer qualifies, so that a second run changes
	// nothing: it is deleted, or the condition excludes it.
	Excludes bool

	insert    bool // INSERT ... SELECT from the table
	deletes   bool
	alias     string
	calls     []string // functions in the list of a SELECT from the table, any of which may be an aggregate
	qualified bool     // whether columns are named with the table's schema

	name, nameEnd int // the table's name in the text
	mark, markEnd int // the mark and its true
}

// A reading is a statement's words while its form is read.
type reading struct {
	*Batch
	w     pgsql.Words // all of the statement
	at    int         // of the mark's true
	table int         // the table's name
	ctes  []cte       // the statements of a WITH
	main  int         // where the statement begins after WITH
}

// span is a range of words.
type span struct{ from, to int }

// A cte is a statement of a WITH.
type cte struct {
	span
	name string
}

func (b *Batch) read(marks []pgsql.Comment) error {
	r := &reading{Batch: b, w: pgsql.Tokens(b.Stmt.Text)}
	if len(marks) == 0 {
		return r.errorAt(0, "the statement doesn't say where the range of a batch belongs: add \"AND /* batch */ true\" to its WHERE, or \"AND /* batch ALIAS */ true\" if %s has an alias", b.Table)
	}
	if len(marks) > 1 {
		return &Error{marks[1].Pos, "the statement has two marks of a batch's range: keep one"}
	}
	start := marks[0].Pos.Offset - b.Stmt.Pos.Offset
	r.at = slices.IndexFunc(r.w, func(t pgsql.Token) bool { return t.Pos.Offset >= start })
	if r.at < 0 || r.w.At(r.at) != "TRUE" {
		return &Error{marks[0].Pos, fmt.Sprintf("write true after %s: the range of each batch takes its place", marks[0].Text)}
	}
	b.form.mark, b.form.markEnd = start, r.end(r.at)
	if err := r.statement(); err != nil {
		return err
	}
	alias, _, ok := pgsql.Words(pgsql.Tokens(mark.FindStringSubmatch(marks[0].Text)[1])).Ident(0)
	if ok != (b.alias != "") || ok && pgsql.Ident(alias) != b.alias {
		want := "/* batch */"
		if b.alias != "" {
			want = "/* batch " + b.alias + " */"
		}
		return &Error{marks[0].Pos, fmt.Sprintf("the mark must name the alias of %s if it has one: write %q", b.Table, want+" true")}
	}
	return nil
}

func (r *reading) end(i int) int { return r.w[i].Pos.Offset + len(r.w[i].Text) }

func (r *reading) errorAt(i int, format string, args ...any) error {
	pos := r.Stmt.Pos
	if 0 < i && i < len(r.w) {
		pos = pos.After(r.Stmt.Text[:r.w[i].Pos.Offset])
	}
	return &Error{pos, fmt.Sprintf(format, args...)}
}

// closing returns the index of the parenthesis that closes the one at i, or the number of words.
func (r *reading) closing(i int) int {
	depth := 0
	for ; i < len(r.w); i++ {
		switch r.w.At(i) {
		case "(", "[":
			depth++
		case ")", "]":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(r.w)
}

// statement reads the statement that has the mark.
func (r *reading) statement() error {
	r.ctes, r.main = r.with(0)
	all := span{r.main, len(r.w)}
	in, marked := all, ""
	for _, c := range r.ctes {
		if c.from <= r.at && r.at < c.to {
			in, marked = c.span, c.name
			continue
		}
		_, body := r.with(c.from)
		if verb := r.w.At(body); !slices.Contains([]string{"SELECT", "VALUES", "TABLE", "("}, verb) {
			return r.errorAt(body, "each batch would run this %s of the WITH again: write it as a statement of its own", verb)
		}
	}
	verb := r.w.At(in.from)
	var where span
	var err error
	switch {
	case verb == "UPDATE" || verb == "DELETE":
		where, err = r.changing(in, verb)
	case verb == "INSERT" && in.from == r.main:
		where, err = r.inserting(in)
	default:
		return r.errorAt(in.from, "batches are possible of an UPDATE, a DELETE and an INSERT ... SELECT, not of this statement")
	}
	if err != nil {
		return err
	}
	if err := r.conjunct(where); err != nil {
		return err
	}
	if r.UntilNone && !r.canEnd(where, in) {
		return r.errorAt(in.from, "\"until none\" needs a statement that changes nothing when it has changed all: a DELETE, an UPDATE with a condition that excludes the changed rows, or an INSERT with ON CONFLICT")
	}
	if in.from != r.main {
		if r.w.At(r.main) != "INSERT" {
			return r.errorAt(r.main, "after WITH, only an INSERT ... SELECT can use the rows of a batch")
		}
		list, from, _ := r.selection(all)
		if err := r.wholeRows(all, list); err != nil {
			return err
		}
		m := pgsql.Name{Name: marked}
		at, err := r.source(from, m)
		if err != nil {
			return err
		}
		if err := r.once(m, at); err != nil {
			return err
		}
	}
	return r.once(r.Table, r.table)
}

// canEnd reports whether passes can come to an end: an UPDATE without another condition changes all rows again.
func (r *reading) canEnd(where, in span) bool {
	switch {
	case r.deletes:
		return true
	case r.insert:
		return r.find(in, "ON", "CONFLICT") >= 0
	}
	list, _ := r.conjuncts(where)
	return len(list) > 1
}

// with reads the statements of a WITH at i, if there is one, and returns where the statement begins after it.
func (r *reading) with(i int) (ctes []cte, main int) {
	if r.w.At(i) != "WITH" {
		return nil, i
	}
	i++
	if r.w.At(i) == "RECURSIVE" && r.w.At(i+1) != "AS" && r.w.At(i+1) != "(" {
		i++
	}
	for {
		name, next, ok := r.w.Ident(i)
		if i = next; !ok {
			break
		}
		if r.w.At(i) == "(" {
			i = r.closing(i) + 1
		}
		for _, word := range []string{"AS", "NOT", "MATERIALIZED"} {
			if r.w.At(i) == word {
				i++
			}
		}
		if r.w.At(i) != "(" {
			break
		}
		end := r.closing(i)
		ctes = append(ctes, cte{span{i + 1, end}, name})
		if i = end + 1; r.w.At(i) != "," {
			break
		}
		i++
	}
	return ctes, i
}

// find is like Words.Find within a span.
func (r *reading) find(in span, seq ...string) int {
	if i := r.w[:in.to].Find(in.from, seq...); i >= 0 {
		return i
	}
	return -1
}

// target reads the name and the alias of the table at i and returns what follows.
func (r *reading) target(i int, follow ...string) (next int, err error) {
	if r.w.At(i) == "ONLY" {
		r.Only = true
		i++
	}
	parens := r.w.At(i) == "("
	if parens {
		i++
	}
	name, next, ok := r.w.Name(i)
	if !ok || name != r.Table {
		return 0, r.errorAt(i, "the directive names table %s, but the statement has another one here: write the name in the same way in both", r.Table)
	}
	r.table, r.name, r.nameEnd = i, r.w[i].Pos.Offset, r.end(next-1)
	if parens {
		next++
	}
	if r.w.At(next) == "*" {
		next++
	}
	r.Row = pgsql.Ident(name.Name)
	as := r.w.At(next) == "AS"
	if as {
		next++
	}
	if alias, after, ok := r.w.Ident(next); ok && (as || !slices.Contains(follow, r.w.At(next))) {
		r.alias = pgsql.Ident(alias)
		r.Row = r.alias
		next = after
	}
	return next, nil
}

// changing reads an UPDATE or DELETE and returns its condition.
func (r *reading) changing(in span, verb string) (span, error) {
	i := in.from + 1
	if verb == "DELETE" && r.w.At(i) == "FROM" {
		i++
	}
	next, err := r.target(i, "SET", "USING", "WHERE", "RETURNING")
	if err != nil {
		return span{}, err
	}
	in.from = next
	where := r.clause(in, "WHERE", "RETURNING")
	set := span{in.from, where.from}
	r.deletes = verb == "DELETE"
	if verb == "UPDATE" {
		r.set(set, where)
	}
	r.Excludes = r.Excludes || r.deletes
	return where, nil
}

// clause returns the words of the clause that begins with a word, up to one of the others, as a span of what follows
// the word. Without the word it is empty, at the end.
func (r *reading) clause(in span, word string, until ...string) span {
	i := r.find(in, word)
	if i < 0 {
		return span{in.to, in.to}
	}
	end := in.to
	for _, u := range until {
		if j := r.find(span{i + 1, in.to}, u); j >= 0 && !(u == "FROM" && r.w.At(j-1) == "DISTINCT") {
			end = min(end, j)
		}
	}
	return span{i + 1, end}
}

// set reads the assignments of an UPDATE.
func (r *reading) set(in, where span) {
	list := r.clause(in, "SET", "FROM", "WHERE")
	joined := list.to < in.to && r.w.At(list.to) == "FROM"
	values := map[string]pgsql.Words{}
	for _, part := range r.w[list.from:list.to].Split() {
		eq := part.Find(0, "=")
		if eq < 0 {
			continue
		}
		value := part[eq+1:]
		if part.At(0) == "(" {
			for i := 1; i < eq; i++ {
				if name, _, ok := part.Ident(i); ok {
					r.Assigned = append(r.Assigned, name)
				}
			}
			continue
		}
		name, _, _ := part.Ident(0)
		r.Assigned = append(r.Assigned, name)
		values[name] = value
	}
	for name, value := range values {
		r.Excludes = r.Excludes || r.excludes(where, name, value, !joined && r.stable(value))
	}
}

// excludes reports whether a condition no longer holds for a row in which a column was set to a value. It knows
// "column IS NULL" with a constant or DEFAULT, and "column IS DISTINCT FROM value" if the statement doesn't change the
// value. Passes that set a DEFAULT which is NULL change no fewer rows than the one before, and stop.
func (r *reading) excludes(where span, column string, value pgsql.Words, stable bool) bool {
	constant := len(value) == 1 && (value[0].Kind == pgsql.String || value[0].Kind == pgsql.Number || value.At(0) == "TRUE" || value.At(0) == "FALSE")
	list, or := r.conjuncts(where)
	if or >= 0 {
		return false
	}
	for _, c := range list {
		w := r.w[c.from:c.to]
		n, next, ok := w.Name(0)
		if !ok || n.Name != column || n.Schema != "" && n.Schema != pgsql.Unquote(r.Row) {
			continue
		}
		switch {
		case w.Starts(next, "IS", "NULL") && len(w) == next+2 && (constant || len(value) == 1 && value.At(0) == "DEFAULT"):
			return true
		case w.Starts(next, "IS", "DISTINCT", "FROM") && same(w[next+3:], value) && (constant || stable):
			return true
		}
	}
	return false
}

// same reports whether two expressions have the same words.
func same(a, b pgsql.Words) bool {
	return slices.EqualFunc(a, b, func(x, y pgsql.Token) bool { return x.Text == y.Text })
}

// stable reports whether an expression has no calls, and no columns that the UPDATE sets.
func (r *reading) stable(w pgsql.Words) bool {
	for i := range w {
		name, _, _ := w.Ident(i)
		if w.At(i) == "(" || strings.HasPrefix(w.At(i), "CURRENT_") || strings.HasPrefix(w.At(i), "LOCALTIME") || slices.Contains(r.Assigned, name) {
			return false
		}
	}
	return true
}

// ends are the words that end the condition of a SELECT.
var ends = []string{"GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "ON", "RETURNING"}

// selection returns the list, the FROM and the condition of the SELECT of an INSERT.
func (r *reading) selection(in span) (list, from, where span) {
	in.from = max(r.find(in, "SELECT"), in.from)
	list = r.clause(in, "SELECT", append([]string{"FROM"}, ends...)...)
	from = r.clause(span{list.to, in.to}, "FROM", append([]string{"WHERE"}, without(ends, "ON")...)...)
	// The ON of a join is in the FROM; the one after it is that of ON CONFLICT.
	where = r.clause(span{from.to, in.to}, "WHERE", ends...)
	return list, from, where
}

func without(list []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == word })
}

// inserting reads an INSERT ... SELECT and returns the condition of its SELECT.
func (r *reading) inserting(in span) (span, error) {
	r.insert = true
	list, from, where := r.selection(in)
	if from.from == from.to {
		return span{}, r.errorAt(in.from, "the INSERT has no SELECT from %s", r.Table)
	}
	if err := r.wholeRows(in, list); err != nil {
		return span{}, err
	}
	at, err := r.source(from, r.Table)
	if err != nil {
		return span{}, err
	}
	next, err := r.target(at, "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "WHERE", "ON", "USING", "TABLESAMPLE", ",", "RETURNING")
	if err == nil && r.w.At(next) == "(" {
		err = r.errorAt(next, "the alias of %s renames its columns, and the range of a batch names them as they are: remove the list", r.Table)
	}
	return where, err
}

// wholeRows checks that each row of the SELECT of an INSERT depends on one row of a batch.
func (r *reading) wholeRows(in, list span) error {
	for _, word := range []string{"GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH"} {
		if i := r.find(in, word); i >= 0 {
			return r.errorAt(i, "%s: batches would each have their own; the statement can't run in batches", word)
		}
	}
	if r.w.At(list.from) == "DISTINCT" {
		return r.errorAt(list.from, "DISTINCT: rows of different batches would not be compared; the statement can't run in batches")
	}
	for i := list.from; i < list.to; i++ {
		if r.w.At(i) == "(" && r.w.At(i+1) == "SELECT" && r.find(span{i + 1, r.closing(i)}, "FROM") >= 0 {
			i = r.closing(i) // a subquery has its own rows
			continue
		}
		if r.w.At(i) == "OVER" && (r.w.At(i-1) == ")") {
			return r.errorAt(i, "a window function sees only the rows of a batch; the statement can't run in batches")
		}
		if r.w.At(i) == "(" {
			if i > list.from && (r.w[i-1].Kind == pgsql.Word || r.w[i-1].Kind == pgsql.QuotedIdent) {
				if name, _, ok := r.w.Ident(i - 1); ok {
					r.calls = append(r.calls, name)
				}
			}
		}
	}
	return nil
}

// source finds a table in the FROM of a SELECT, and checks that each row of the SELECT has one of its rows.
func (r *reading) source(from span, table pgsql.Name) (int, error) {
	depth, outer := 0, false
	for i := from.from; i < from.to; i++ {
		switch word := r.w.At(i); {
		case word == "(" || word == "[":
			depth++
		case word == ")" || word == "]":
			depth--
		case depth > 0:
		case word == ",":
			outer = false
		case (word == "LEFT" || word == "FULL") && (r.w.At(i+1) == "JOIN" || r.w.At(i+1) == "OUTER"):
			outer = true
		}
		before := i - 1
		if r.w.At(before) == "ONLY" {
			before--
		}
		begins := before < from.from || r.w.At(before) == "JOIN" || r.w.At(before) == ","
		if name, _, ok := r.w.Name(i); depth > 0 || !begins || !ok || name != table {
			continue
		}
		item := span{i, i + len(r.w[i:from.to].Split()[0])}
		if outer || r.find(item, "RIGHT") >= 0 || r.find(item, "FULL") >= 0 {
			return 0, r.errorAt(i, "%s may be on the nullable side of an outer join, where rows without one of its rows belong to no batch: write it before the joins, and no RIGHT or FULL JOIN", table)
		}
		return before + 1, nil
	}
	return 0, r.errorAt(from.from, "%s must be in the FROM of the SELECT, outside of parentheses, with its name as it is written above", table)
}

// conjuncts splits a condition at the ANDs outside parentheses, CASE and BETWEEN. or is the index of the first OR
// there, or -1.
func (r *reading) conjuncts(where span) (list []span, or int) {
	start, depth, between, cases := where.from, 0, 0, 0
	or = -1
	for i := where.from; i < where.to; i++ {
		switch r.w.At(i) {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case "CASE":
			if depth == 0 {
				cases++
			}
		case "END": // in parentheses it may be a label
			if depth == 0 {
				cases--
			}
		case "BETWEEN":
			if depth == 0 && cases == 0 {
				between++
			}
		case "OR":
			if depth == 0 && cases == 0 && or < 0 {
				or = i
			}
		case "AND":
			switch {
			case depth > 0 || cases > 0:
			case between > 0:
				between--
			default:
				list = append(list, span{start, i})
				start = i + 1
			}
		}
	}
	return append(list, span{start, where.to}), or
}

// conjunct checks that the mark is a conjunct of a condition.
func (r *reading) conjunct(where span) error {
	if r.at < where.from || r.at >= where.to {
		return r.errorAt(r.at, "the mark must be in the WHERE of the statement that changes or reads %s, not in another part", r.Table)
	}
	list, or := r.conjuncts(where)
	if or >= 0 {
		return r.errorAt(or, "with OR, rows outside a batch's range would be changed: write (... OR ...) AND before the mark")
	}
	for _, c := range list {
		if c.from == r.at && c.to == r.at+1 {
			return nil
		}
	}
	return r.errorAt(r.at, "the mark must be a term of its own in the WHERE: \"... AND %s\", outside of parentheses", strings.TrimSpace(r.Stmt.Text[r.form.mark:r.markEnd]))
}

// once checks that the statement names a table at one place only, because a batch would read what others have written.
func (r *reading) once(table pgsql.Name, at int) error {
	for i := range r.w {
		if i > 0 && r.w.At(i-1) == "." {
			continue
		}
		name, next, ok := r.w.Name(i)
		if !ok {
			continue
		}
		if name.Schema != "" && next-i >= 5 {
			if part, _, _ := r.w.Ident(i); part == r.Table.Schema && name.Schema == r.Table.Name {
				r.qualified = true
			}
		}
		other := name.Schema != "" && table.Schema != "" && name.Schema != table.Schema
		if name.Name != table.Name || other {
			continue
		}
		if i != at && r.isRelation(i) {
			return r.errorAt(i, "the statement names %s twice: a batch would read what others have written; compute the values in another table first", table)
		}
		if table == r.Table && table.Schema == "" && name.Schema == "" && r.isCTE(next) {
			return r.errorAt(i, "the WITH has a query named %s, too: give it another name", table)
		}
	}
	return nil
}

// isCTE reports whether the query of a WITH follows its name.
func (r *reading) isCTE(i int) bool {
	if r.w.At(i) == "(" {
		i = r.closing(i) + 1
	}
	return r.w.At(i) == "AS" && slices.Contains([]string{"(", "NOT", "MATERIALIZED"}, r.w.At(i+1))
}

// isRelation reports whether the name at i is that of a table.
func (r *reading) isRelation(i int) bool {
	for i > 0 && (r.w.At(i-1) == "ONLY" || r.w.At(i-1) == "(") {
		i--
	}
	switch r.w.At(i - 1) {
	case "FROM":
		return r.w.At(i-2) != "DISTINCT"
	case "JOIN", "UPDATE", "INTO", "USING", "TABLE":
		return true
	case ",":
	default:
		return false
	}
	for depth := 0; i > 0; i-- {
		switch word := r.w.At(i - 1); word {
		case ")", "]":
			depth++
		case "(", "[":
			if depth--; depth < 0 {
				return false
			}
		case "FROM", "USING":
			if depth == 0 && r.w.At(i-2) != "DISTINCT" {
				return true
			}
		case "SELECT", "SET", "VALUES", "WHERE", "RETURNING", "BY":
			if depth == 0 {
				return false
			}
		}
	}
	return false
}
