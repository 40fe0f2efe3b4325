package fix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

var countRows = entry("count-rows", "counts affected rows")

// CountRows counts a table's rows, or those that satisfy a condition.
func CountRows(table, where string) Text {
	if where != "" {
		where = " WHERE " + where
	}
	return countRows("SELECT count(*) FROM %s%s;", table, where)
}

var rows = entry("find-rows", "finds offending rows")

// Rows finds a table's rows that satisfy a condition.
func Rows(table, where string) Text {
	return rows("SELECT * FROM %s WHERE %s LIMIT %d;", table, where, Most)
}

// CountOrphans counts the rows that Orphans finds. If full is set, a row with some NULLs is one of them, as in MATCH
// FULL.
func CountOrphans(table string, columns []string, parent string, referred []string, full bool) Text {
	var on, set []string
	for i, c := range columns {
		on = append(on, "p."+referred[i]+" = c."+c)
		set = append(set, "c."+c+" IS NOT NULL")
	}
	all := strings.Join(set, " AND ")
	if full {
		all = "(" + strings.Join(set, " OR ") + ")"
	}
	return countRows("SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s);", table, all, parent, strings.Join(on, " AND "))
}

// CountDuplicates counts the rows among those that satisfy a condition whose values of the expressions others have too.
func CountDuplicates(exprs, table, where string) Text {
	if where != "" {
		where = " WHERE " + where
	}
	return countRows("SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM %s%s GROUP BY %s HAVING count(*) > 1) AS d;", table, where, groups(exprs))
}

// CountConflicts counts the rows among those that satisfy a condition that conflict with others by an exclusion
// constraint, given its definition as pg_get_constraintdef returns it. It is empty if that can't be read.
func CountConflicts(table, exclude, where string) Text {
	keys, operators := exclusions(exclude)
	if len(keys) == 0 {
		return Text{}
	}
	if where != "" {
		where = " WHERE " + where
	}
	var values, conflicts []string
	for i, key := range keys {
		values = append(values, fmt.Sprintf("%s AS k%d", key, i+1))
		conflicts = append(conflicts, fmt.Sprintf("a.k%d %s b.k%[1]d", i+1, operators[i]))
	}
	// A row's ctid is unique within its partition.
	rows := fmt.Sprintf("SELECT tableoid AS part, ctid AS place, %s FROM %s%s", strings.Join(values, ", "), table, where)
	return countRows("SELECT count(*) FROM (%s) AS a WHERE EXISTS (SELECT FROM (%[1]s) AS b WHERE (a.part, a.place) <> (b.part, b.place) AND %s);", rows, strings.Join(conflicts, " AND "))
}

// exclusions returns the expressions of an exclusion constraint, and their operators.
func exclusions(def string) (keys, operators []string) {
	w := pgsql.Words(pgsql.Tokens(def))
	open := w.Find(0, "(")
	if open < 0 || open+1 >= len(w) {
		return nil, nil
	}
	// end returns where the parenthesis that opens before i ends.
	end := func(w pgsql.Words, i int) int { return w.Find(i, ")") }
	last := end(w, open+1)
	if last < 0 {
		return nil, nil
	}
	for _, e := range w[open+1 : last].Split() {
		i := 0
		if e.At(0) != "(" {
			var ok bool
			if _, i, ok = e.Name(0); !ok {
				return nil, nil
			}
		}
		if e.At(i) == "(" {
			i = end(e, i+1) + 1
		}
		if e.At(i) == "COLLATE" {
			_, i, _ = e.Name(i + 1)
		}
		with := e.Find(i, "WITH") // what is between is an operator class and an order
		if i == 0 || with < 0 || with+1 == len(e) {
			return nil, nil
		}
		keys, operators = append(keys, e[:i].In(def)), append(operators, e[with+1:].In(def))
	}
	return keys, operators
}

// Most is the maximum number of rows that a query returns.
const Most = 100

var orphans = entry("find-orphans", "finds orphan rows")

// Orphans finds the rows of a table whose columns reference no row of another.
func Orphans(table string, columns []string, parent string, referred []string) Text {
	var on, set []string
	for i, c := range columns {
		on = append(on, "p."+referred[i]+" = c."+c)
		set = append(set, "c."+c+" IS NOT NULL")
	}
	return orphans("SELECT c.* FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s) LIMIT %d;",
		table, strings.Join(set, " AND "), parent, strings.Join(on, " AND "), Most)
}

var duplicates = entry("find-duplicates", "finds duplicate values")

// Duplicates finds duplicate values of expressions among the rows that satisfy a condition, or all rows.
func Duplicates(exprs, table, where string) Text {
	if where != "" {
		where = " WHERE " + where
	}
	return duplicates("SELECT %s, count(*) FROM %s%s GROUP BY %s HAVING count(*) > 1 LIMIT %d;", exprs, table, where, groups(exprs), Most)
}

// groups returns a list of expressions for GROUP BY, which refuses constants: () is one group.
func groups(exprs string) string {
	var list []string
	for _, e := range pgsql.Words(pgsql.Tokens(exprs)).Split() {
		text := e.In(exprs)
		for e.At(0) == "(" && e.At(len(e)-1) == ")" {
			e = e[1 : len(e)-1]
		}
		if len(e) == 1 && (e[0].Kind == pgsql.Number || e[0].Kind == pgsql.String || slices.Contains([]string{"TRUE", "FALSE", "NULL"}, e.At(0))) {
			text = "()"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

var lastValue = entry("last-value", "reads the last value of a sequence")

// LastValue reads a sequence's last value.
func LastValue(sequence string) Text { return lastValue("SELECT last_value FROM %s;", sequence) }

var indexUse = entry("index-use", "reads how often queries have used an index")

// IndexUse reads an index's statistics on a server of a major version.
func IndexUse(index string, major int) Text {
	columns := "idx_scan"
	if major >= 16 {
		columns += ", last_idx_scan"
	}
	return indexUse("SELECT %s FROM pg_stat_user_indexes WHERE indexrelid = %s::regclass;", columns, pgsql.Literal(index))
}

// A Conversion is a change of a column's type, to be tried on each row.
type Conversion struct {
	Table    string // "public.results"
	Column   string
	From, To string // types
	Value    string // the assigned value, as an expression over the columns of row r
	// Same is how to compare a value with itself after a round trip: SameText, SameValue, SameButSpaces, or a type to
	// cast both texts to.
	Same string
}

const (
	SameText      = "text"   // compare the text
	SameValue     = "value"  // compare with =
	SameButSpaces = "spaces" // compare the text except spaces
)

var unconvertible = entry("find-unconvertible", "finds the rows for which a type change fails, by trying each")

// Unconvertible finds the rows whose value can't be converted. Its function disappears with the session.
func Unconvertible(c Conversion) Text {
	return unconvertible("CREATE OR REPLACE FUNCTION pg_temp.fails(anyelement) RETURNS boolean LANGUAGE plpgsql AS %s;\nSELECT * FROM %s AS t WHERE pg_temp.fails(t.*) LIMIT %d;",
		pgsql.DollarQuote(fmt.Sprintf(`#variable_conflict use_column
BEGIN
  DECLARE new_value %s := %s;
  BEGIN
    RETURN false;
  END;
EXCEPTION WHEN others THEN
  RETURN true;
END`, c.To, c.value())),
		c.Table, Most)
}

var altered = entry("find-altered", "finds the rows whose value a type change alters, by trying each")

// Altered finds the rows whose value differs after a round trip through the new type. Its function disappears with the
// session.
func Altered(c Conversion) Text {
	was := "($1)." + c.Column
	var other string
	switch c.Same {
	case SameText:
		other = "old_value::text IS DISTINCT FROM " + was + "::text"
	case SameValue:
		other = "old_value IS DISTINCT FROM " + was
	case SameButSpaces:
		const bare = `regexp_replace(%s::text, '\s', '', 'g')`
		other = fmt.Sprintf(bare+" IS DISTINCT FROM "+bare, "old_value", was)
	default:
		other = fmt.Sprintf("CASE WHEN old_value::text IS DISTINCT FROM %s::text THEN old_value::text::%s IS DISTINCT FROM %[1]s::text::%[2]s ELSE false END", was, c.Same)
	}
	body := fmt.Sprintf(`#variable_conflict use_column
BEGIN
  DECLARE new_value %s := %s;
  BEGIN
    DECLARE old_value %s := new_value;
    BEGIN
      RETURN %s;
    END;
  EXCEPTION WHEN others THEN
    RETURN true; -- can't be converted back
  END;
EXCEPTION WHEN others THEN
  RETURN false; -- can't be converted
END`, c.To, c.value(), c.From, other)
	return altered("CREATE OR REPLACE FUNCTION pg_temp.alters(anyelement) RETURNS boolean LANGUAGE plpgsql AS %s;\nSELECT * FROM %s AS t WHERE pg_temp.alters(t.*) LIMIT %d;",
		pgsql.DollarQuote(body), c.Table, Most)
}

// value returns the expression for the function's argument.
func (c Conversion) value() string {
	return fmt.Sprintf("(SELECT %s FROM (SELECT ($1).*) AS r)", c.Value)
}
