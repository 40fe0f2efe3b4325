package batch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A Note says how far a batch has come. It is kept with each of its transactions. The zero Note is the start.
type Note struct {
	// Sum identifies the statement; it is the caller's.
	Sum string `json:"sum"`

	Table string   `json:"table"`           // with its schema
	Key   []string `json:"key"`             // the columns that are followed
	Pass  int      `json:"pass"`            // from 1
	Leaf  []string `json:"leaf,omitempty"`  // the schema and name of the partition that is walked
	Phase phase    `json:"phase,omitempty"` // within the partition, or the table
	After []string `json:"after,omitempty"` // the last key that is done, or the number of the next block
	To    []string `json:"to,omitempty"`    // the highest key at the start of the pass, or the number of blocks

	Walked  int64 `json:"walked"`  // rows in this pass
	Changed int64 `json:"changed"` // rows in all passes
	InPass  int64 `json:"in_pass"` // rows changed in this pass
	Before  int64 `json:"before"`  // rows changed in the pass before
	Stuck   int   `json:"stuck"`   // how many passes in a row changed no fewer rows than the one before
}

type phase string

const (
	begin phase = ""      // the bound isn't known
	walk  phase = "walk"  // along the key
	nulls phase = "nulls" // the rows without a key
	ended phase = "ended"
)

// prefix begins a Note as text, so that it isn't taken for a hash.
const prefix = "batch "

// String returns the note as text for [ParseNote].
func (n Note) String() string {
	text, _ := json.Marshal(n) // which can't fail
	return prefix + string(text)
}

// ParseNote reads a note from text. ok is false if the text is none.
func ParseNote(text string) (n Note, ok bool) {
	rest, ok := strings.CutPrefix(text, prefix)
	return n, ok && json.Unmarshal([]byte(rest), &n) == nil
}

// Where says in words where a batch goes on.
func (n Note) Where() string {
	var b strings.Builder
	if n.Leaf != nil {
		b.WriteString("in " + pgsql.QualifiedIdent(n.Leaf[0], n.Leaf[1]) + " ")
	}
	switch {
	case n.Phase == nulls:
		b.WriteString("with the rows whose key is NULL")
	case n.Phase == walk && len(n.Key) == 0:
		b.WriteString("at block " + n.After[0])
	case n.Phase == walk && n.After != nil:
		b.WriteString("after " + strings.Join(n.After, ", "))
	default:
		b.WriteString("at the start")
	}
	if n.Pass > 1 {
		fmt.Fprintf(&b, " of pass %d", n.Pass)
	}
	return b.String()
}

// A Step is one batch.
type Step struct {
	SQL  string // the statement for the rows of the batch; "" if the walk is at its end
	Rows int64  // in the batch
	Note Note   // after the batch, without the rows that it changes
}

// Ran returns the note after a step that has changed a number of rows.
func (s Step) Ran(changed int64) Note {
	n := s.Note
	n.Walked += s.Rows
	n.Changed += changed
	n.InPass += changed
	return n
}

// A StuckError means that a statement changes rows again and again.
type StuckError struct {
	Passes  int
	Changed int64 // rows in the last pass
}

func (e *StuckError) Error() string {
	return fmt.Sprintf("pass %d changed %d rows, no fewer than the pass before: the statement doesn't exclude the rows that it has changed, or the application makes as many again", e.Passes, e.Changed)
}

const (
	// maxStuck is how many passes in a row may change no fewer rows than the one before.
	maxStuck = 3
	// manyRows is how many rows a first pass must change for a second that changes no fewer to be an error.
	manyRows = 1000
)

// first returns the note with which the first pass begins.
func (w *Walk) first() Note {
	n := Note{Table: w.table, Pass: 1}
	for _, c := range w.key {
		n.Key = append(n.Key, c.name)
	}
	return n
}

// Next returns the batch after a note, of about size rows. It reads keys in the transaction in which the step will run.
func (w *Walk) Next(ctx context.Context, q Querier, n Note, size int) (Step, error) {
	first := w.first()
	switch {
	case n.Pass == 0:
	case n.Table != first.Table:
		return Step{}, refused("the batches so far changed %s, and %s is now %s: restore the search_path, or the table's name", n.Table, w.Table, first.Table)
	case !slices.Equal(n.Key, first.Key):
		return Step{}, refused("the batches so far followed the key (%s), and the directive or the table now has (%s): restore it", strings.Join(n.Key, ", "), strings.Join(first.Key, ", "))
	}
	if n.Pass > 0 && n.Phase != ended && (n.Leaf != nil) != w.leaves {
		return Step{}, refused("the batches so far walked %s in another way, and its partitions, or their triggers, policies or columns, have changed since: restore them", w.Table)
	}
	if err := w.skipGone(ctx, q, &n); err != nil {
		return Step{}, err
	}
	if n.Pass == 0 {
		n = first
		if err := w.nextLeaf(ctx, q, &n); err != nil {
			return Step{}, err
		}
	}
	for {
		step, err := Step{}, error(nil)
		switch {
		case n.Phase == ended:
			again, err := w.nextPass(ctx, q, &n)
			if err != nil || !again {
				return Step{Note: n}, err
			}
		case len(w.key) == 0:
			step, err = w.blocks(ctx, q, n, size)
		case n.Phase == begin:
			n, err = w.bound(ctx, q, n)
		case n.Phase == walk:
			step, err = w.along(ctx, q, n, size)
		case n.Phase == nulls:
			step = Step{SQL: w.SQL(w.isNull(w.Row), w.leaf(n)), Note: n}
			err = w.nextLeaf(ctx, q, &step.Note)
		}
		if err != nil || step.SQL != "" {
			return step, err
		}
		if step.Note.Pass > 0 {
			n = step.Note // a batch without rows
		}
	}
}

// Repeats reports whether passes over the table are repeated until one changes no row.
func (w *Walk) Repeats() bool { return w.UntilNone || len(w.key) == 0 }

// nextPass begins the next pass, if there is one.
func (w *Walk) nextPass(ctx context.Context, q Querier, n *Note) (bool, error) {
	if n.InPass == 0 || !w.Repeats() {
		return false, nil
	}
	if n.Stuck++; n.Pass == 1 || n.InPass < n.Before {
		n.Stuck = 0
	}
	if n.Stuck >= maxStuck || n.Stuck > 0 && n.Pass == 2 && n.Before >= manyRows {
		return false, &StuckError{Passes: n.Pass, Changed: n.InPass}
	}
	n.Pass++
	n.Before, n.InPass, n.Walked = n.InPass, 0, 0
	return true, w.nextLeaf(ctx, q, n)
}

// leaf returns the partition that a note is in, as SQL, "" for the whole table.
func (w *Walk) leaf(n Note) string {
	if n.Leaf == nil {
		return ""
	}
	return pgsql.QualifiedIdent(n.Leaf[0], n.Leaf[1])
}

// from returns the table to read keys from.
func (w *Walk) from(n Note) string {
	switch leaf := w.leaf(n); {
	case leaf != "":
		return leaf
	case w.Only:
		return "ONLY " + w.Table.String()
	}
	return w.Table.String()
}

// nextLeaf moves a note to the next partition, in the order of their names, so that those which are made meanwhile are
// walked too. After the last, or the table itself, its phase is ended.
func (w *Walk) nextLeaf(ctx context.Context, q Querier, n *Note) error {
	started := n.Phase != begin && n.Phase != ended
	n.Phase, n.After, n.To = begin, nil, nil
	if !w.leaves {
		if started {
			n.Phase = ended
		}
		return nil
	}
	after := []string{"", ""}
	if n.Leaf != nil {
		after = n.Leaf
	}
	var schema, name string
	err := q.QueryRow(ctx, leafSQL, w.OID, after[0], after[1]).Scan(&schema, &name)
	switch {
	case err == pgx.ErrNoRows:
		n.Phase, n.Leaf = ended, nil
	case err != nil:
		return fmt.Errorf("finding the next partition of %s: %w", w.Table, err)
	default:
		n.Leaf = []string{schema, name}
	}
	return nil
}

// leafSQL reads the schema and name of the first partition of the table $1 after the one of schema $2 and name $3.
const leafSQL = `
SELECT s.nspname::pg_catalog.text, c.relname::pg_catalog.text
  FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass) t
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.relid::pg_catalog.oid
  JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE t.isleaf AND c.relkind OPERATOR(pg_catalog.<>) 'p'
   AND (s.nspname OPERATOR(pg_catalog.>) $2::pg_catalog.name OR s.nspname OPERATOR(pg_catalog.=) $2::pg_catalog.name AND c.relname OPERATOR(pg_catalog.>) $3::pg_catalog.name)
 ORDER BY s.nspname, c.relname LIMIT 1`

// skipGone moves a note on if its partition is no longer one: its rows aren't those of the table.
func (w *Walk) skipGone(ctx context.Context, q Querier, n *Note) error {
	if n.Leaf == nil {
		return nil
	}
	var there, apart bool
	err := q.QueryRow(ctx, `
SELECT COALESCE(pg_catalog.bool_or(true), false), COALESCE(pg_catalog.bool_or(`+odd+`), false)
  FROM pg_catalog.pg_class c, pg_catalog.pg_partition_tree(c.oid) p
 WHERE c.oid OPERATOR(pg_catalog.=) $1 AND p.isleaf AND p.relid::pg_catalog.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($2)`, w.OID, w.leaf(*n)).Scan(&there, &apart)
	switch {
	case err != nil:
		return fmt.Errorf("looking for partition %s of %s: %w", w.leaf(*n), w.Table, err)
	case apart:
		return refused("partition %s of %s has another order of columns, or policies, rules or triggers of its own: batches can't go on in it", w.leaf(*n), w.Table)
	case !there:
		return w.nextLeaf(ctx, q, n)
	}
	return nil
}

// bound reads the highest key.
func (w *Walk) bound(ctx context.Context, q Querier, n Note) (Note, error) {
	to, err := w.read(ctx, q, w.boundSQL(w.from(n)))
	if err != nil {
		return n, fmt.Errorf("reading the highest key of %s: %w", w.from(n), err)
	}
	n.Phase, n.To, n.After = walk, to, nil
	if to == nil {
		return w.afterWalk(ctx, q, n)
	}
	return n, nil
}

func (w *Walk) boundSQL(from string) string {
	return "SELECT " + w.texts() + " FROM " + from + where(w.present("")) + " ORDER BY " + w.list("", " DESC, ") + " DESC LIMIT 1"
}

// afterWalk returns what follows the last key.
func (w *Walk) afterWalk(ctx context.Context, q Querier, n Note) (Note, error) {
	n.After, n.To = nil, nil
	if w.isNull("") != "" {
		n.Phase = nulls
		return n, nil
	}
	return n, w.nextLeaf(ctx, q, &n)
}

// along returns the next batch along the key. The step has no SQL if there are no rows.
func (w *Walk) along(ctx context.Context, q Querier, n Note, size int) (Step, error) {
	last, err := w.read(ctx, q, w.lastSQL(w.from(n), w.between("", w.literals(n.After), w.literals(n.To)), size))
	if err != nil {
		return Step{}, fmt.Errorf("reading the keys of %s: %w", w.from(n), err)
	}
	step := Step{Note: n}
	if last != nil {
		count := last[len(last)-1]
		if step.Rows, err = strconv.ParseInt(count, 10, 64); err != nil {
			return Step{}, err
		}
		to := last[:len(last)-1]
		if step.Rows < int64(size) {
			to = n.To // with rows that are inserted meanwhile
		}
		step.Note.After = to
		step.SQL = w.SQL(w.between(w.Row, w.literals(n.After), w.literals(to)), w.leaf(n))
	}
	if step.Rows < int64(size) {
		step.Note, err = w.afterWalk(ctx, q, step.Note)
	}
	return step, err
}

// lastSQL reads the last key of the next batch and the number of its rows.
func (w *Walk) lastSQL(from, between string, size int) string {
	row := pgsql.Ident(pgsql.FreeName("batch row", "_", func(name string) bool {
		return slices.ContainsFunc(w.key, func(c column) bool { return c.name == pgsql.Ident(name) })
	}))
	return fmt.Sprintf(`SELECT %s, %[6]s::pg_catalog.text AS "batch rows" FROM (SELECT %[2]s, pg_catalog.row_number() OVER (ORDER BY %[2]s) AS %[6]s FROM %[3]s%[4]s ORDER BY %[2]s LIMIT %[5]d) AS batch ORDER BY %[6]s DESC LIMIT 1`,
		w.texts(), w.list("", ", "), from, where(between), size, row)
}

// blocks returns the next batch of a table without a key: the rows that are now in the next blocks. Concurrent updates
// move rows between blocks, so a pass may miss some of them, and the next one finds them.
func (w *Walk) blocks(ctx context.Context, q Querier, n Note, size int) (Step, error) {
	if n.Phase == begin {
		to, err := w.read(ctx, q, w.blockCountSQL())
		if err != nil {
			return Step{}, fmt.Errorf("reading the size of %s: %w", w.Table, err)
		}
		n.Phase, n.To, n.After = walk, to, []string{"0"}
	}
	first, err := strconv.ParseInt(n.After[0], 10, 64)
	if err != nil {
		return Step{}, err
	}
	end, err := strconv.ParseInt(n.To[0], 10, 64)
	if err != nil {
		return Step{}, err
	}
	step := Step{Note: n}
	if first >= end {
		return step, w.nextLeaf(ctx, q, &step.Note)
	}
	perBlock := float64(rowsPerBlock)
	if w.Rows > 0 && end > 0 {
		perBlock = max(1, w.Rows/float64(end))
	}
	next := min(end, first+max(1, int64(float64(size)/perBlock)))
	ids, err := w.read(ctx, q, w.rowsSQL(w.from(n), strconv.FormatInt(first, 10), strconv.FormatInt(next-1, 10)))
	if err != nil {
		return Step{}, fmt.Errorf("reading the rows of %s: %w", w.Table, err)
	}
	step.Note.After = []string{strconv.FormatInt(next, 10)}
	if ids != nil {
		step.SQL = w.SQL(w.amongRows(pgsql.Literal(ids[0])), "")
		step.Rows, err = strconv.ParseInt(ids[1], 10, 64)
	}
	return step, err
}

// rowsPerBlock is how many rows a block has, without an estimate.
const rowsPerBlock = 50

func (w *Walk) blockCountSQL() string {
	return fmt.Sprintf("SELECT (pg_catalog.pg_relation_size(%d::pg_catalog.oid::pg_catalog.regclass) OPERATOR(pg_catalog./) pg_catalog.current_setting('block_size')::pg_catalog.int8)::pg_catalog.text", w.OID)
}

// rowsSQL reads the rows that are now in a range of blocks, and their number, if there are any.
func (w *Walk) rowsSQL(from, first, last string) string {
	return fmt.Sprintf(`SELECT pg_catalog.array_agg(ctid)::pg_catalog.text, pg_catalog.count(*)::pg_catalog.text FROM %s WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(
SELECT pg_catalog.format('(%%s,%%s)', b, i)::pg_catalog.tid FROM pg_catalog.generate_series(%s, %s) b, pg_catalog.generate_series(1, pg_catalog.current_setting('block_size')::pg_catalog.int4 OPERATOR(pg_catalog./) 28) i))
HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0`, from, first, last)
}

// amongRows returns the condition that a row is among those that rowsSQL has read.
func (w *Walk) amongRows(ids string) string {
	return w.Row + ".ctid OPERATOR(pg_catalog.=) ANY (" + ids + "::pg_catalog.tid[])"
}

// read reads a row of text, nil if there is none.
func (w *Walk) read(ctx context.Context, q Querier, sql string) ([]string, error) {
	rows, err := q.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol) // each has other values, so nothing is worth preparing
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	if rows.Next() {
		for _, v := range rows.RawValues() {
			list = append(list, string(v))
		}
	}
	rows.Close()
	return list, rows.Err()
}

// list returns the key's columns, each of a row.
func (w *Walk) list(row, separator string) string {
	var list []string
	for _, c := range w.key {
		if row != "" {
			list = append(list, row+"."+c.name)
		} else {
			list = append(list, c.name)
		}
	}
	return strings.Join(list, separator)
}

// texts returns the key's columns as text that the session reads as the same value. Their names aren't those of the
// columns, which ORDER BY would otherwise take for the text.
func (w *Walk) texts() string {
	var list []string
	for i, c := range w.key {
		text := c.name + "::pg_catalog.text"
		if slices.Contains([]string{"date_out", "timestamp_out", "timestamptz_out"}, c.output) {
			text = "pg_catalog.to_jsonb(" + c.name + ") OPERATOR(pg_catalog.#>>) '{}'" // whatever DateStyle is
		}
		list = append(list, fmt.Sprintf(`%s AS "batch key %d"`, text, i+1))
	}
	return strings.Join(list, ", ")
}

// literals returns a key's values as SQL, "" for nil.
func (w *Walk) literals(key []string) string {
	var list []string
	for i, v := range key {
		list = append(list, pgsql.Literal(v)+"::"+w.key[i].typ)
	}
	return strings.Join(list, ", ")
}

// between returns the condition that a row's key is after one key, if that isn't "", and not after another.
func (w *Walk) between(row, after, to string) string {
	of := w.list(row, ", ")
	cond := ""
	if after != "" {
		cond = fmt.Sprintf("(%s) > (%s) AND ", of, after)
	}
	cond += fmt.Sprintf("(%s) <= (%s)", of, to)
	if present := w.present(row); present != "" && len(w.key) > 1 {
		cond += " AND " + present
	}
	return cond
}

// present returns the condition that no column of a row's key is NULL, "" if none can be.
func (w *Walk) present(row string) string { return w.each(row, " IS NOT NULL", " AND ") }

// isNull returns the condition that a column of a row's key is NULL, "" if none can be.
func (w *Walk) isNull(row string) string { return w.each(row, " IS NULL", " OR ") }

func (w *Walk) each(row, is, join string) string {
	if row != "" {
		row += "."
	}
	var list []string
	for _, c := range w.key {
		if c.nullable {
			list = append(list, row+c.name+is)
		}
	}
	return strings.Join(list, join)
}

func where(cond string) string {
	if cond == "" {
		return ""
	}
	return " WHERE " + cond
}
