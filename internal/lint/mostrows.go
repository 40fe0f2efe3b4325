package lint

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A table with so many rows, or so many bytes if the number of rows isn't known, is large.
const (
	largeRows  = 100_000
	largeBytes = 100 << 20
)

// A Condition is one that rows of a table satisfy. A change may contain anything, so lint writes Where itself: it has
// only the table's columns, PostgreSQL's operators and constants in quotes.
type Condition struct {
	Schema, Table string
	Only          bool     // without the rows of partitions and children
	Columns       []string // that Where names; at least one
	Where         string   // calls the table t
}

// knownQuery reports whether the planner has statistics of the columns $3 of a table and its partitions, all of
// PostgreSQL's own types or enums. It is false for columns that the role can't read.
const knownQuery = `
WITH RECURSIVE tree AS (
  SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2
  UNION
  SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
)
SELECT EXISTS (SELECT FROM tree) AND NOT EXISTS (
  SELECT FROM tree t
  JOIN pg_catalog.pg_class c ON c.oid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN pg_catalog.unnest($3::text[]) AS named(col)
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = named.col AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_type y ON y.oid = a.atttypid AND (y.typtype = 'e' OR y.typtype = 'b' AND y.oid < 16384)
  WHERE c.relkind NOT IN ('r', 'p') OR y.oid IS NULL
     OR c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) > 0 AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_stats s
       WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = named.col AND NOT s.inherited))`

// Estimator returns a function that returns how many rows satisfy a condition, as the database's planner estimates by
// its statistics; ok is false if it has none. It returns no rows of tables.
func Estimator(conn *pgx.Conn) func(ctx context.Context, c Condition) (rows float64, ok bool, err error) {
	return func(ctx context.Context, c Condition) (rows float64, ok bool, err error) {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
		if err != nil {
			return 0, false, err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has changed nothing
		// The planner calls functions to estimate. No schema may have operators that a condition means instead of
		// PostgreSQL's own, and no policy may add to it.
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '5s'; SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off"); err != nil {
			return 0, false, err
		}
		if err := tx.QueryRow(ctx, knownQuery, c.Schema, c.Table, c.Columns).Scan(&ok); err != nil || !ok {
			return 0, false, err
		}
		only := ""
		if c.Only {
			only = "ONLY "
		}
		var text []byte
		// Only a single statement can be prepared.
		err = tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON) SELECT FROM "+only+pgsql.QualifiedIdent(c.Schema, c.Table)+" AS t WHERE "+c.Where, pgx.QueryExecModeDescribeExec).Scan(&text)
		if err != nil {
			return 0, false, err
		}
		var plans []struct {
			Plan struct {
				Rows float64 `json:"Plan Rows"`
			}
		}
		if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
			return 0, false, fmt.Errorf("reading a plan: %w", err)
		}
		return plans[0].Plan.Rows, true, nil
	}
}

// mostRows finds an UPDATE or DELETE with a condition that matches most rows of a large table. Unless the database's
// statistics tell, the form of the condition decides, and the finding is a guess.
func mostRows(s *step, t *relation, c *pgsql.Statement) (found findings) {
	size, ok := s.trace.size(t)
	if !ok || size.Rows < largeRows && (size.Rows >= 0 || size.Bytes < largeBytes) {
		return nil
	}
	cond, _ := condition(c)
	d := s.about(t)
	rows, estimated := s.estimate(t, c, cond)
	switch {
	case estimated && size.Rows > 0 && 2*rows < float64(size.Rows):
		return nil
	case estimated && size.Rows > 0:
		d.Text = fmt.Sprintf("the statement changes most rows of table %s in one transaction, about %s by the database's statistics, and holds their locks %s",
			s.name(t), grouped(min(int64(rows), size.Rows)), s.until())
	case s.matchesMost(t, cond):
		why := "with -url, the database's statistics decide"
		if s.trace.target.estimate != nil {
			why = "the database couldn't estimate how many"
		}
		d.Text = fmt.Sprintf("the statement's condition may match most rows of table %s, whose locks it then holds %s; %s", s.name(t), s.until(), why)
	default:
		return nil
	}
	d.Fix = inBatches(s, t)
	found.add(s, "most-rows-changed", d)
	found[0].guess = !estimated
	return found
}

// estimate returns how many rows of a table satisfy the condition of a statement, by the database's statistics. They
// must be about the rows that it will find.
func (s *step) estimate(t *relation, c *pgsql.Statement, cond pgsql.Words) (rows float64, ok bool) {
	was := s.trace.base.relations.Get(t.OID)
	if s.trace.target.estimate == nil || was == nil || c != s.st || s.of != nil || s.rowsChanged(t, was) {
		return 0, false
	}
	if _, from := assignments(c); from || c.Verb == "DELETE" && c.Rest.Find(0, "USING") >= 0 {
		return 0, false
	}
	r := conditionReader{words: cond, column: func(n pgsql.Name) bool {
		now := t.column(n.Name)
		if now == nil || n.Schema != "" && n.Schema != cmp.Or(c.Alias, t.Name) {
			return false
		}
		b := was.columns[now.Num]
		return b != nil && b.Name == now.Name && b.Type == now.Type && b.Typmod == now.Typmod
	}}
	if !r.or() || r.at != len(cond) {
		return 0, false
	}
	return s.trace.target.estimate(Condition{Schema: was.Schema, Table: was.Name, Only: c.Only, Columns: r.columns, Where: r.sql.String()})
}

// rowsChanged reports whether an earlier statement of the change may have changed which rows a table has.
func (s *step) rowsChanged(t, was *relation) bool {
	kin := s.before.family(t.OID)
	if t.Children && t.Kind != "p" || !slices.Equal(kin, s.trace.base.family(t.OID)) {
		return true
	}
	for r := s.before.relations.Get(t.Parent); r != nil; r = s.before.relations.Get(r.Parent) {
		kin = append(kin, r.OID)
	}
	for _, oid := range kin {
		if b := s.trace.base.relations.Get(oid); b == nil || b.FileNode != s.before.relations.Get(oid).FileNode {
			return true
		}
	}
	written := locks(1) << (strength[rowExclusive] - 1)
	return slices.ContainsFunc(s.trace.all(), func(o *step) bool {
		if o.trace == s.trace && o.stmt.Pos.Offset >= s.stmt.Pos.Offset {
			return false
		}
		return slices.ContainsFunc(kin, func(oid uint32) bool { return (o.after.locks.Get(oid)|o.asked[oid])&written != 0 }) ||
			slices.ContainsFunc(append([]*step{o}, o.parts...), func(o *step) bool {
				return slices.ContainsFunc(o.st.Targets, func(q pgsql.Name) bool {
					r := o.before.find(q.Schema, q.Name)
					return r != nil && slices.Contains(kin, r.OID) && slices.Contains([]string{"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE"}, o.st.Verb)
				})
			})
	})
}

// A conditionReader reads a condition that may be planned on the database, and writes it again: AND, OR and NOT of
// columns that PostgreSQL's own operators compare with constants. Its methods report whether it is one so far.
type conditionReader struct {
	words   pgsql.Words
	column  func(pgsql.Name) bool // whether the table has the column
	at      int
	columns []string
	sql     strings.Builder // calls the table t
}

func (r *conditionReader) or() bool { return r.list("OR", r.and) }

func (r *conditionReader) and() bool { return r.list("AND", r.not) }

// list reads one or more operands.
func (r *conditionReader) list(operator string, operand func() bool) bool {
	if !operand() {
		return false
	}
	for r.words.At(r.at) == operator {
		r.keyword(operator)
		if !operand() {
			return false
		}
	}
	return true
}

func (r *conditionReader) not() bool {
	for r.words.At(r.at) == "NOT" {
		r.keyword("NOT")
	}
	if r.words.At(r.at) != "(" {
		return r.comparison()
	}
	r.keyword("(")
	if !r.or() || r.words.At(r.at) != ")" {
		return false
	}
	r.keyword(")")
	return true
}

// keyword writes words that are the next ones.
func (r *conditionReader) keyword(seq ...string) {
	r.sql.WriteString(" " + strings.Join(seq, " "))
	r.at += len(seq)
}

func (r *conditionReader) comparison() bool {
	n, next, ok := r.words.Name(r.at)
	if !ok || !r.column(n) {
		return false
	}
	r.at = next
	r.columns = append(r.columns, n.Name)
	r.sql.WriteString(" t." + pgsql.Ident(n.Name))
	switch operator := r.words.At(r.at); operator {
	case "=", "<>", "!=", "<", "<=", ">", ">=":
		r.keyword(operator)
		return r.constant()
	case "IS":
		r.keyword("IS")
		if r.words.At(r.at) == "NOT" {
			r.keyword("NOT")
		}
		if r.words.At(r.at) != "NULL" {
			return false
		}
		r.keyword("NULL")
		return true
	case "NOT":
		r.keyword("NOT")
	}
	switch operator := r.words.At(r.at); operator {
	case "LIKE":
		r.keyword(operator)
		return r.constant()
	case "BETWEEN":
		r.keyword(operator)
		if !r.constant() || r.words.At(r.at) != "AND" {
			return false
		}
		r.keyword("AND")
		return r.constant()
	case "IN":
		if r.words.At(r.at+1) != "(" {
			return false
		}
		r.keyword("IN", "(")
		for r.constant() {
			switch r.words.At(r.at) {
			case ",":
				r.keyword(",")
				continue
			case ")":
				r.keyword(")")
				return true
			}
			return false
		}
	}
	return false
}

// constant reads a constant. It writes it as text, which only the input function of the column's type reads.
func (r *conditionReader) constant() bool {
	value := ""
	if sign := r.words.At(r.at); sign == "-" || sign == "+" {
		value = sign
		r.at++
	}
	switch word := r.words.At(r.at); {
	case r.at >= len(r.words):
		return false
	case r.words[r.at].Kind == pgsql.Number:
		value += word
	case value == "" && (word == "TRUE" || word == "FALSE"):
		value = word
	case value == "" && r.words[r.at].Kind == pgsql.String && r.words[r.at].Text[0] == '\'':
		value = pgsql.StringValue(r.words[r.at].Text)
	default:
		return false
	}
	r.at++
	r.sql.WriteString(" " + pgsql.Literal(value))
	return true
}

// matchesMost reports whether a condition has the form of one that matches most rows.
func (s *step) matchesMost(t *relation, cond pgsql.Words) bool {
	return slices.ContainsFunc(alternatives(cond), func(cond pgsql.Words) bool {
		return !slices.ContainsFunc(all(cond), func(c pgsql.Words) bool { return !always(c) && !s.holds(t, c) && !mostly(t, c) })
	})
}

// mostly reports whether a condition excludes a value of a column: that it is NULL, isn't NULL, or is some constant.
func mostly(t *relation, c pgsql.Words) bool {
	name, next, ok := c.Name(0)
	if !ok || t.column(name.Name) == nil {
		return false
	}
	rest := c[next:]
	switch {
	case rest.Starts(0, "IS", "DISTINCT", "FROM"):
		return len(rest) == 4
	case rest.Starts(0, "IS", "NULL"), rest.Starts(0, "IS", "NOT"), rest.At(0) == "<>", rest.At(0) == "!=":
		return true
	case rest.At(0) == "NOT":
		return rest.At(1) == "IN" && !rest.Anywhere("SELECT") || rest.At(1) == "LIKE" || rest.At(1) == "ILIKE"
	}
	return false
}
