package fix

import (
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Batch is an UPDATE or DELETE of many rows, which should commit after every few thousand, so that it holds no locks
// for long.
type Batch struct {
	Table     Table
	Alias     string // of the table in the statement, as SQL; "" if it has none
	Statement string // the UPDATE or DELETE, up to its WHERE
	Where     string // which rows, as a term of an AND; "" for all
}

// A Table is a table with rows.
type Table struct {
	Name   string // "public.results"
	Keyed  bool   // whether it has a unique key without NULLs, of columns that the statement doesn't change
	Spread bool   // whether its rows are in several tables: it is partitioned, or others inherit from it
}

// Read reads the statement as a run in batches does. The error says why it can't run so, whatever the table is like.
func (b Batch) Read() (*batch.Batch, error) {
	stmts, err := pgsql.Split("-- " + b.directive() + "\n" + b.marked())
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 {
		return nil, fmt.Errorf("%d statements instead of one", len(stmts))
	}
	return batch.Of(stmts[0])
}

// Possible reports whether the statement can run in batches: along a key, or, without one, over rows that no longer
// qualify once they are changed.
func (b Batch) Possible() bool {
	read, err := b.Read()
	return err == nil && (b.Table.Keyed || read.Excludes && !b.Table.Spread)
}

var (
	inBatches = entry("in-batches", "changes many rows in batches")
	atOnce    = entry("all-at-once", "changes many rows of a table that can't be processed in batches")
)

// SQL returns the statement, without a semicolon. If there is a directive, it must be in a comment above it, in a file
// without a transaction.
func (b Batch) SQL() (directive string, sql Text) {
	switch {
	case b.Possible():
		return b.directive(), inBatches("%s", b.marked())
	case b.Where == "":
		return "", atOnce("%s", b.Statement)
	}
	return "", atOnce("%s WHERE %s", b.Statement, b.Where)
}

// File returns the statement as a separate file.
func (b Batch) File() Text {
	directive, sql := b.SQL()
	if directive == "" {
		return Text{sql.id, "-- The table has no key to follow: one transaction changes all rows.\n" + sql.text + ";"}
	}
	return Text{sql.id, noTransaction + "-- " + directive + "\n" + sql.text + ";"}
}

func (b Batch) directive() string { return batch.Directive + " " + b.Table.Name }

// marked returns the statement with the mark of a batch's range.
func (b Batch) marked() string {
	mark, where := "/* batch */ true", ""
	if b.Alias != "" {
		mark = "/* batch " + b.Alias + " */ true"
	}
	if b.Where != "" {
		where = b.Where + " AND "
	}
	return b.Statement + " WHERE " + where + mark
}
