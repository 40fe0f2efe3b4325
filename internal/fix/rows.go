package fix

import (
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

var countRows = entry("count-rows", "counts rows that something happens to")

// CountRows counts the rows of a table, or those of a condition.
func CountRows(table, where string) Text {
	if where != "" {
		where = " WHERE " + where
	}
	return countRows("SELECT count(*) FROM %s%s;", table, where)
}

var rows = entry("find-rows", "finds the rows that stand in the way")

// Rows finds rows: what of them ("*", or columns), and at most how many of them, all for 0.
func Rows(what, table, where string, limit int) Text {
	most := ""
	if limit > 0 {
		most = fmt.Sprintf(" LIMIT %d", limit)
	}
	return rows("SELECT %s FROM %s WHERE %s%s;", what, table, where, most)
}

// Most is how many rows a query shows.
const Most = 100

var orphans = entry("find-orphans", "finds the rows that refer to nothing")

// Orphans finds the rows of a table whose columns refer to nothing in another's.
func Orphans(table string, columns []string, parent string, referred []string) Text {
	var on, set []string
	for i, c := range columns {
		on = append(on, "p."+referred[i]+" = c."+c)
		set = append(set, "c."+c+" IS NOT NULL")
	}
	return orphans("SELECT c.* FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s) LIMIT %d;",
		table, strings.Join(set, " AND "), parent, strings.Join(on, " AND "), Most)
}

var duplicates = entry("find-duplicates", "finds values that several rows have")

// Duplicates finds the values of expressions that several of the rows have, of all of them without a condition.
func Duplicates(exprs, table, where string) Text {
	if where != "" {
		where = " WHERE " + where
	}
	return duplicates("SELECT %s, count(*) FROM %s%s GROUP BY %[1]s HAVING count(*) > 1 LIMIT %[4]d;", exprs, table, where, Most)
}

var lastValue = entry("last-value", "says where a sequence stands")

// LastValue reads a sequence.
func LastValue(sequence string) Text { return lastValue("SELECT last_value FROM %s;", sequence) }

var indexUse = entry("index-use", "says how often queries have used an index")

// IndexUse reads the statistics of an index on servers of a major version.
func IndexUse(index string, major int) Text {
	columns := "idx_scan"
	if major >= 16 {
		columns += ", last_idx_scan"
	}
	return indexUse("SELECT %s FROM pg_stat_user_indexes WHERE indexrelid = %s::regclass;", columns, pgsql.Literal(index))
}
