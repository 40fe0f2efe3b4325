package adopt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// leastBudget is the rest of the budget for which nothing is counted any more.
const leastBudget = 5 * time.Millisecond

// A budget bounds the time of several queries in total.
type budget struct {
	end       time.Time
	unlimited bool
}

func newBudget(d time.Duration) budget {
	switch {
	case d < 0:
		return budget{unlimited: true}
	case d == 0:
		d = DefaultBudget
	}
	return budget{end: time.Now().Add(d)}
}

// left returns the limit of the next query, 0 for none, and whether there is time for it.
func (b budget) left() (limit time.Duration, ok bool) {
	if b.unlimited {
		return 0, true
	}
	limit = time.Until(b.end)
	return limit, limit >= leastBudget
}

// A scan counts rows of a table for several differences.
type scan struct {
	table string // in SQL
	rows  float64
	parts []*counted
}

// counted is what is counted for one difference.
type counted struct {
	at        int    // index in Drift.Differences
	condition string // of the rows
	is, are   string // "is NULL", "are NULL"
	column    string // in SQL, "" for a condition on several
	readable  bool
	fraction  *float64   // from the planner's statistics
	analyzed  *time.Time // when they were collected
}

// measure adds to the differences how many rows they concern, and finds sequences that will come to values which their
// column has. ignored reports whether such a difference is accepted.
func (d *drifter) measure(ctx context.Context, ignored func(catalog.Difference) bool) error {
	b := newBudget(d.opts.Budget)
	scans, err := d.scans(ctx)
	if err != nil {
		return err
	}
	for _, s := range scans {
		if err := d.count(ctx, b, s); err != nil {
			return err
		}
	}
	overtaken, err := d.sequences(ctx, b)
	for _, x := range overtaken {
		if ignored(x) {
			d.Ignored = append(d.Ignored, x)
		} else {
			d.Differences = append(d.Differences, x)
		}
	}
	return err
}

// add completes the text of a difference.
func (d *drifter) add(p *counted, format string, args ...any) {
	d.Differences[p.at].Text += "; " + fmt.Sprintf(format, args...)
}

// scans returns what to count, the smallest table first.
func (d *drifter) scans(ctx context.Context) ([]*scan, error) {
	byTable := map[string]*scan{}
	var tables, columns []string
	var parts []*counted
	for i, x := range d.Differences {
		table, object := x.SQL()
		p := &counted{at: i}
		if x.NeedsNotNull() {
			p.condition, p.is, p.are, p.column = object+" IS NULL", "is NULL", "are NULL", object
		} else if c := x.NeedsCheck(); c != "" {
			p.condition, p.is, p.are = "("+c+") IS FALSE", "violates it", "violate it"
		} else {
			continue
		}
		if byTable[table] == nil {
			byTable[table] = &scan{table: table}
		}
		s := byTable[table]
		s.parts = append(s.parts, p)
		parts, tables, columns = append(parts, p), append(tables, table), append(columns, p.column)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	err := d.v.Read(ctx, 0, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT w.i, c.reltuples::float8,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND
       CASE WHEN a.attnum IS NULL THEN pg_catalog.has_table_privilege(c.oid, 'SELECT') ELSE pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') END,
       s.null_frac::float8, greatest(t.last_analyze, t.last_autoanalyze)
  FROM (SELECT i, x.tab, x.col FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) WITH ORDINALITY x(tab, col, i)) w
  JOIN pg_catalog.pg_class c ON c.relkind IN ('r', 'p')
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) = w.tab
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND pg_catalog.quote_ident(a.attname) = w.col AND a.attnum > 0
  LEFT JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
  LEFT JOIN pg_catalog.pg_stat_all_tables t ON t.relid = c.oid`, tables, columns)
		if err != nil {
			return err
		}
		var i int
		var size float64
		var readable bool
		var fraction *float64
		var analyzed *time.Time
		_, err = pgx.ForEachRow(rows, []any{&i, &size, &readable, &fraction, &analyzed}, func() error {
			p := parts[i-1]
			p.readable, p.fraction, p.analyzed = readable, fraction, analyzed
			byTable[tables[i-1]].rows = size
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the planner's statistics: %w", err)
	}
	var scans []*scan
	for _, s := range byTable {
		for _, p := range s.parts {
			if !p.readable {
				d.add(p, "rows aren't counted, because role %s may not read them", pgsql.Ident(d.v.Role()))
			}
		}
		s.parts = slices.DeleteFunc(s.parts, func(p *counted) bool { return !p.readable })
		if len(s.parts) > 0 {
			scans = append(scans, s)
		}
	}
	slices.SortFunc(scans, func(a, b *scan) int {
		switch {
		case a.rows < b.rows:
			return -1
		case a.rows > b.rows:
			return 1
		}
		return strings.Compare(a.table, b.table)
	})
	return scans, nil
}

// count counts the rows of a table in one scan, or says what the planner knows if there is no time for it.
func (d *drifter) count(ctx context.Context, b budget, s *scan) error {
	limit, ok := b.left()
	if !ok {
		d.estimate(s)
		return nil
	}
	var sql strings.Builder
	sql.WriteString("SELECT pg_catalog.count(*)")
	numbers := make([]int64, 1+len(s.parts))
	targets := []any{&numbers[0]}
	for i, p := range s.parts {
		fmt.Fprintf(&sql, ", pg_catalog.count(*) FILTER (WHERE %s)", p.condition)
		targets = append(targets, &numbers[i+1])
	}
	sql.WriteString(" FROM " + s.table)
	err := d.v.Read(ctx, limit, func(tx pgx.Tx) error { return tx.QueryRow(ctx, sql.String()).Scan(targets...) })
	var failed *pgconn.PgError
	switch {
	case ctx.Err() != nil:
		return err
	case migrator.Canceled(err):
		d.estimate(s)
	case errors.As(err, &failed):
		for _, p := range s.parts {
			d.add(p, "rows aren't counted: %s", failed.Message)
		}
	case err != nil:
		return fmt.Errorf("counting the rows of %s: %w", s.table, err)
	default:
		for i, p := range s.parts {
			are := p.are
			if numbers[i+1] == 1 {
				are = p.is
			}
			d.add(p, "%s of %s rows %s", words.Thousands(numbers[i+1]), words.Thousands(numbers[0]), are)
		}
	}
	return nil
}

// estimate says what the planner's statistics know about what wasn't counted.
func (d *drifter) estimate(s *scan) {
	for _, p := range s.parts {
		switch {
		case p.fraction == nil:
			d.add(p, "rows weren't counted, and the table was never analyzed (-count counts them)")
		case p.analyzed == nil:
			d.add(p, "about %s of the rows %s, as of the last ANALYZE (-count counts)", percent(*p.fraction), p.are)
		default:
			d.add(p, "about %s of the rows %s, analyzed %s (-count counts)", percent(*p.fraction), p.are, ago(time.Since(*p.analyzed)))
		}
	}
}

// percent formats a fraction as "0 %", "0.02 %" or "12 %".
func percent(f float64) string {
	switch p := 100 * f; {
	case p == 0 || p >= 1:
		return fmt.Sprintf("%.0f %%", p)
	case p < 0.01:
		return "less than 0.01 %"
	default:
		return fmt.Sprintf("%.2g %%", p)
	}
}

// ago formats how long ago something was: "3 days ago".
func ago(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return words.Plural(int(d/(24*time.Hour)), "day") + " ago"
	case d >= time.Hour:
		return words.Plural(int(d/time.Hour), "hour") + " ago"
	case d >= time.Minute:
		return words.Plural(int(d/time.Minute), "minute") + " ago"
	}
	return "just now"
}

// A sequence numbers the rows of a column.
type sequence struct {
	name, table, column string // in SQL
	up                  bool
	readable            bool
}

// sequences returns the sequences that will produce values which their column already has.
func (d *drifter) sequences(ctx context.Context, b budget) ([]catalog.Difference, error) {
	var all []sequence
	err := d.v.Read(ctx, 0, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT pg_catalog.quote_ident(sn.nspname) || '.' || pg_catalog.quote_ident(s.relname),
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname), pg_catalog.quote_ident(a.attname),
       q.seqincrement > 0,
       pg_catalog.has_schema_privilege(sn.oid, 'USAGE') AND pg_catalog.has_schema_privilege(tn.oid, 'USAGE')
       AND pg_catalog.has_sequence_privilege(s.oid, 'SELECT') AND pg_catalog.has_column_privilege(t.oid, a.attnum, 'SELECT')
  FROM pg_catalog.pg_sequence q
  JOIN pg_catalog.pg_class s ON s.oid = q.seqrelid JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.oid
       AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
 WHERE a.atttypid IN (20, 21, 23) AND NOT q.seqcycle AND s.relpersistence <> 't'
   AND (d.deptype = 'i' OR EXISTS (
       SELECT FROM pg_catalog.pg_attrdef v JOIN pg_catalog.pg_depend u ON u.classid = 'pg_catalog.pg_attrdef'::regclass AND u.objid = v.oid
        WHERE v.adrelid = t.oid AND v.adnum = a.attnum AND u.refclassid = 'pg_catalog.pg_class'::regclass AND u.refobjid = s.oid))
 ORDER BY 1`)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s sequence, err error) {
			err = row.Scan(&s.name, &s.table, &s.column, &s.up, &s.readable)
			return s, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the sequences: %w", err)
	}
	var overtaken []catalog.Difference
	var hidden, late []string
	for _, s := range all {
		if _, ok := d.v.Catalog.Def("table", s.table); !ok {
			continue // excluded
		}
		limit, ok := b.left()
		switch {
		case !s.readable:
			hidden = append(hidden, s.name)
			continue
		case !ok:
			late = append(late, s.name)
			continue
		}
		x, err := d.sequence(ctx, limit, s)
		switch {
		case ctx.Err() != nil:
			return nil, err
		case migrator.Canceled(err):
			late = append(late, s.name)
		case pgsql.SQLState(err) != "":
			hidden = append(hidden, s.name) // such as an unlogged one on a standby, or row security hides rows
		case err != nil:
			return nil, err
		case x != nil:
			overtaken = append(overtaken, *x)
		}
	}
	if len(hidden) > 0 {
		d.note("role %s may not read %s, so they weren't compared with their columns", pgsql.Ident(d.v.Role()), some("sequence", hidden))
	}
	if len(late) > 0 {
		d.note("there was no time to compare %s with their columns (-count does)", some("sequence", late))
	}
	return overtaken, nil
}

// sequence compares a sequence with its column. The snapshot is older than what it reads of the sequence, so rows that
// are being inserted make no difference.
func (d *drifter) sequence(ctx context.Context, limit time.Duration, s sequence) (*catalog.Difference, error) {
	furthest, word := "max", "at least"
	if !s.up {
		furthest, word = "min", "at most"
	}
	var last int64
	var called bool
	var value *int64
	err := d.v.Read(ctx, limit, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, fmt.Sprintf("SELECT last_value, is_called, (SELECT pg_catalog.%s(%s)::bigint FROM %s) FROM %s", furthest, s.column, s.table, s.name)).Scan(&last, &called, &value)
	})
	if err != nil || value == nil {
		return nil, err
	}
	v := *value
	past := last >= v
	if !s.up {
		past = last <= v
	}
	if past && (called || last != v) {
		return nil, nil
	}
	short := func(name string) string { return strings.TrimPrefix(name, "public.") }
	return &catalog.Difference{
		Table: catalog.Escape(s.table), Object: catalog.Escape(s.name), Kind: "sequence",
		Want: fmt.Sprintf("%s %d", word, v), Have: fmt.Sprint(last),
		Text: fmt.Sprintf("sequence %s is at %s, but %s.%s has %s: it will return values that the column already has", catalog.Escape(short(s.name)), words.Thousands(last),
			catalog.Escape(short(s.table)), catalog.Escape(s.column), words.Thousands(v)),
	}, nil
}

// some counts names and lists the first: "2 sequences (public.a, public.b)".
func some(kind string, names []string) string {
	const first = 3
	list := strings.Join(names[:min(len(names), first)], ", ")
	if len(names) > first {
		list += ", ..."
	}
	return words.Plural(len(names), kind) + " (" + list + ")"
}
