package lint

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A table with so many rows, or so many bytes if the number of rows isn't known, is large.
const (
	largeRows  = 100_000
	largeBytes = 100 << 20
)

// Estimator returns a function that returns how many rows a query will return, as the database's planner estimates by
// its statistics. It reads no rows.
func Estimator(conn *pgx.Conn) func(ctx context.Context, query string) (float64, error) {
	return func(ctx context.Context, query string) (rows float64, err error) {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
		if err != nil {
			return 0, err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has changed nothing
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '5s'"); err != nil {
			return 0, err
		}
		var text []byte
		// Only a single statement can be prepared.
		if err := tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON) "+query, pgx.QueryExecModeDescribeExec).Scan(&text); err != nil {
			return 0, err
		}
		var plans []struct {
			Plan struct {
				Rows float64 `json:"Plan Rows"`
			}
		}
		if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
			return 0, fmt.Errorf("reading a plan: %w", err)
		}
		return plans[0].Plan.Rows, nil
	}
}

// mostRows finds an UPDATE or DELETE with a condition that matches most rows of a large table. Without the database's
// statistics, the form of the condition decides, and the finding is a guess.
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
		d.Text = fmt.Sprintf("the statement's condition may match most rows of table %s, whose locks it then holds %s; with -url, the database's statistics decide", s.name(t), s.until())
	default:
		return nil
	}
	d.Fix = inBatches(s, t)
	found.add(s, "most-rows-changed", d)
	found[0].guess = !estimated
	return found
}

// estimate returns how many rows of a table satisfy the condition of a statement, by the database's statistics.
func (s *step) estimate(t *relation, c *pgsql.Statement, cond pgsql.Words) (rows float64, ok bool) {
	was := s.trace.base.relations.Get(t.OID)
	if s.trace.target.estimate == nil || was == nil || c != s.st || !plannable(cond) {
		return 0, false
	}
	if _, from := assignments(c); from || c.Verb == "DELETE" && c.Rest.Find(0, "USING") >= 0 {
		return 0, false
	}
	only := ""
	if c.Only {
		only = "ONLY "
	}
	dml := readDML(s, t)
	return s.trace.target.estimate("SELECT FROM " + only + pgsql.QualifiedIdent(was.Schema, was.Name) + " AS " + dml.row + " WHERE " + dml.where)
}

// plannable reports whether planning a condition calls no functions except PostgreSQL's own. A pull request may contain
// anything, and the planner calls functions to estimate.
func plannable(cond pgsql.Words) bool {
	for i := range cond {
		switch word := cond.At(i); {
		case word == "SELECT", word == "CURRENT" && cond.At(i+1) == "OF":
			return false
		case word == "(" && i > 0 && (cond[i-1].Kind == pgsql.Word || cond[i-1].Kind == pgsql.QuotedIdent):
			if !slices.Contains([]string{"IN", "AND", "OR", "NOT", "BETWEEN", "LIKE", "ILIKE", "NOW", "COALESCE", "LOWER", "UPPER", "LENGTH"}, cond.At(i-1)) {
				return false
			}
		}
	}
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
