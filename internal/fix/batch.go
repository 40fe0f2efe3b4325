package fix

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Batch is an UPDATE or DELETE of many rows that commits after every few thousand, so that it holds no locks for
// long.
type Batch struct {
	Table     Table  // the statement must not change its key
	Only      bool   // whether the statement says ONLY
	Row       string // the table's alias in the statement, or its name without the schema
	Statement string // the UPDATE or DELETE, up to its WHERE
	Where     string // which rows, as a term of an AND; "" for all

	// Done is whether a changed row no longer qualifies: it is deleted, or Where excludes it.
	Done   bool
	Reason string // why the statement may be repeated; "" for [Reason]
}

// A Table is a table with rows.
type Table struct {
	Name   string   // "public.results"
	Key    []string // the columns of a unique key without NULLs; nil if there is none
	Spread bool     // whether its rows are in several tables: it is partitioned, or others inherit from it
}

// A Walk is how a Batch goes through its table.
type Walk string

const (
	// ByKey reads each row once, in the order of the key, which doesn't change.
	ByKey Walk = "by key"
	// ByBlock makes passes over the table's blocks until one changes nothing, because concurrent updates move rows. It
	// is for a table without a key, and a Batch that is Done.
	ByBlock Walk = "by block"
	// AtOnce is a single statement, if neither is possible.
	AtOnce Walk = "at once"
)

// Walk returns how the batch goes through its table.
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
	byBlock = entry("batches-by-block", "changes many rows of a table without a key in batches of blocks")
	atOnce  = entry("all-at-once", "changes many rows of a table that can't be processed in batches")
)

// File returns the batch as a separate file.
func (b Batch) File() Text {
	reason, above := b.Reason, ""
	if reason == "" {
		reason, above = Reason, "-- An interrupted run starts over with the first row: replace "+Reason+" with why that is harmless.\n"
	}
	if b.Walk() == AtOnce {
		above = "-- The table has no key to follow: one transaction changes all rows.\n" + above
	}
	do := b.Do()
	return Text{do.id, noTransaction + above + "-- repeatable " + reason + "\n" + do.text + ";"}
}

// Do returns the batch as a DO statement, without a semicolon. It commits, so it needs a file without a transaction.
func (b Batch) Do() Text {
	switch b.Walk() {
	case ByKey:
		return byKey("%s", pgsql.DoBlock(b.keyBlock()))
	case ByBlock:
		return byBlock("%s", pgsql.DoBlock(b.blockBlock()))
	}
	return atOnce("%s", pgsql.DoBlock("BEGIN\n  "+b.statement("")+";\nEND"))
}

// batchSize is the number of rows in a batch.
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

// blocks is the number of blocks in a batch, some thousand rows.
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

// statement returns the statement for the rows that satisfy within, all if it is empty.
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

// row returns the key as a value to compare.
func (b Batch) row(of string) string {
	list := b.columns(of)
	if len(list) == 1 {
		return list[0]
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// free returns a name for a variable that doesn't occur in the statement: PL/pgSQL rejects ambiguous names.
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
