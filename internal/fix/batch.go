package fix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Batch is an UPDATE or DELETE of many rows that commits as it goes, so that no lock and no dead row
// is kept for longer than some thousand rows take.
type Batch struct {
	Table     Table  // its key must be left as it is by the statement
	Only      bool   // whether the statement says ONLY
	Row       string // what the statement calls a row of the table: its alias, or the table's name without the schema
	Statement string // the UPDATE or DELETE, up to its WHERE
	Where     string // which rows, as a term of an AND; "" for all

	// Done says that a row which was changed is no longer one of those to change: it is gone, or Where leaves it out.
	Done   bool
	Reason string // why the statement may be run again; "" for [Reason], left to the author
}

// A Table is one that has rows.
type Table struct {
	Name   string   // "public.results"
	Key    []string // the columns of a key that is unique in all its rows, without NULLs; nil if there is none
	Spread bool     // its rows lie in several tables: it is partitioned, or others inherit from it
}

// A Walk is the way that a Batch takes through its table.
type Walk string

const (
	// ByKey reads each row once, in the key's order. What was written is never met again: it has the same key.
	ByKey Walk = "by key"
	// ByBlock reads the blocks that the table has when a pass begins, in passes until one finds nothing: rows that others update
	// meanwhile move. It is for a table without a key, and a Batch that is Done with a row after it was changed.
	ByBlock Walk = "by block"
	// AtOnce is one statement: the table offers no way.
	AtOnce Walk = "at once"
)

// Walk returns the way for the batch.
func (b Batch) Walk() Walk {
	switch {
	case len(b.Table.Key) > 0:
		return ByKey
	case b.Done && !b.Table.Spread:
		return ByBlock
	}
	return AtOnce
}

var (
	byKey   = entry("batches-by-key", "changes many rows in batches along a unique key")
	byBlock = entry("batches-by-block", "changes many rows of a table without a key in batches along its blocks")
	atOnce  = entry("all-at-once", "changes many rows of a table that offers no way through it")
)

// File is a file of its own with the batch.
func (b Batch) File() Text {
	reason, above := b.Reason, ""
	if reason == "" {
		reason, above = Reason, "-- A run that is cut off begins again with the first row: say in place of "+Reason+" why that does no harm.\n"
	}
	if b.Walk() == AtOnce {
		above = "-- The table has no key to go along: all rows are changed in one transaction.\n" + above
	}
	do := b.Do()
	return Text{do.id, noTransaction + above + "-- repeatable " + reason + "\n" + do.text + ";"}
}

// Do is the batch as a DO statement, without a semicolon. It commits, so it needs a file without a transaction.
func (b Batch) Do() Text {
	switch b.Walk() {
	case ByKey:
		return byKey("%s", do(b.keyBlock()))
	case ByBlock:
		return byBlock("%s", do(b.blockBlock()))
	}
	return atOnce("%s", do("BEGIN\n  "+b.statement("")+";\nEND"))
}

// batchSize is how many rows a batch has.
const batchSize = 5000

func (b Batch) keyBlock() string {
	start, end := b.free("batch_start"), b.free("batch_end")
	of := func(record string) string { return b.row(record) }
	key := b.columns(b.Row)
	from := b.Table.Name
	if b.Only {
		from = "ONLY " + from
	}
	if b.Table.Name != b.Row && !strings.HasSuffix(from, "."+b.Row) {
		from += " " + b.Row
	}
	return fmt.Sprintf(`DECLARE
  %[1]s record;
  %[2]s record;
BEGIN
  SELECT %[3]s INTO %[1]s FROM %[4]s ORDER BY %[3]s LIMIT 1;
  LOOP
    SELECT %[3]s INTO %[2]s FROM %[4]s WHERE %[5]s >= %[6]s ORDER BY %[3]s OFFSET %[10]d LIMIT 1;
    EXIT WHEN NOT FOUND;
    %[8]s;
    COMMIT;
    %[1]s := %[2]s;
  END LOOP;
  %[9]s;
END`, start, end, strings.Join(key, ", "), from, of(b.Row), of(start), of(end),
		b.statement(fmt.Sprintf("%s >= %s AND %[1]s < %[3]s", of(b.Row), of(start), of(end))),
		b.statement(fmt.Sprintf("%s >= %s", of(b.Row), of(start))), batchSize)
}

// blocks is how many blocks a batch has, some thousand rows.
const blocks = 100

func (b Batch) blockBlock() string {
	batch, changed, pass, block := b.free("batch_changed"), b.free("changed"), b.free("pass"), b.free("block")
	return fmt.Sprintf(`DECLARE
  %[1]s bigint;
  %[2]s bigint;
BEGIN
  FOR %[3]s IN 1..10 LOOP
    %[2]s := 0;
    FOR %[4]s IN 0..pg_relation_size(%[5]s::regclass) / current_setting('block_size')::bigint BY %[6]d LOOP
      %[7]s;
      GET DIAGNOSTICS %[1]s = ROW_COUNT;
      %[2]s := %[2]s + %[1]s;
      COMMIT;
    END LOOP;
    EXIT WHEN %[2]s = 0;
  END LOOP;
END`, batch, changed, pass, block, pgsql.Literal(b.Table.Name), blocks,
		b.statement(fmt.Sprintf("%s.ctid >= format('(%%s,0)', %s)::tid AND %[1]s.ctid < format('(%%s,0)', %[2]s + %[3]d)::tid", b.Row, block, blocks)))
}

// statement is the statement for the rows within, of all of them if that is empty.
func (b Batch) statement(within string) string {
	terms := slices.DeleteFunc([]string{within, b.Where}, func(s string) bool { return s == "" })
	if len(terms) == 0 {
		return b.Statement
	}
	return b.Statement + " WHERE " + strings.Join(terms, " AND ")
}

func (b Batch) columns(of string) []string {
	var list []string
	for _, k := range b.Table.Key {
		list = append(list, of+"."+k)
	}
	return list
}

// row is the key as a value that rows are compared by.
func (b Batch) row(of string) string {
	list := b.columns(of)
	if len(list) == 1 {
		return list[0]
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// free returns a variable's name that nothing in the statement can mean: PL/pgSQL refuses what means both.
func (b Batch) free(name string) string {
	taken := func(t pgsql.Token) bool {
		return strings.EqualFold(strings.Trim(t.Text, `"`), name)
	}
	for _, text := range append([]string{b.Table.Name, b.Row, b.Statement, b.Where}, b.Table.Key...) {
		if slices.ContainsFunc(pgsql.Tokens(text), taken) {
			return b.free(name + "_")
		}
	}
	return name
}

// do is a block as a DO statement.
func do(block string) string { return "DO " + pgsql.DollarQuote(block) }
