package migrator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// PostgreSQL has no function that tells how much disk is free. It can be known
// only where the server runs on this machine, which a Unix socket says, and where
// the role may read the data directory's name, or the table lies in a tablespace
// with a place of its own. Anywhere else the need alone is told.

// worthTelling is how large a need must be to be told where nothing is known of
// the disk.
const worthTelling = 1 << 30

// need is what a statement will write, at least.
type need struct {
	stmt  string // the statement, shortened
	space string // tablespace
	path  string // where it is, "" if that is hidden
	bytes int64
}

// disk refuses to begin what the disk has no room for. The estimate is of the
// least that is needed, so that nothing is refused that would have gone well.
func (s *session) disk(ctx context.Context, steps []*step) error {
	var needs []need
	for _, st := range steps {
		for _, stmt := range st.stmts[min(st.done, len(st.stmts)):] {
			n, err := s.need(ctx, stmt)
			if err != nil {
				return fmt.Errorf("working out how much disk is needed: %w", err)
			}
			if n.bytes > 0 {
				needs = append(needs, n)
			}
		}
	}
	spaces := make(map[string][]need)
	for _, n := range needs {
		spaces[n.space] = append(spaces[n.space], n)
	}
	for space, needs := range spaces {
		var sum int64
		largest := needs[0]
		for _, n := range needs {
			sum += n.bytes
			if n.bytes > largest.bytes {
				largest = n
			}
		}
		free, known := int64(0), false
		if largest.path != "" && strings.HasPrefix(s.conn.Config().Host, "/") {
			free, known = freeDisk(largest.path)
		}
		switch {
		case known && free < sum:
			return &RefusedError{fmt.Sprintf("too little disk: what is to be built or rewritten takes %s at least, most of it for %s, and %s are free in tablespace %s (%s); nothing was done: make room first",
				size(sum), largest.stmt, size(free), space, largest.path)}
		case !known && sum >= worthTelling:
			s.log(LogDisk{Need: sum, Tablespace: space, Stmt: largest.stmt})
		}
	}
	return nil
}

// need estimates what a statement writes: an index as its rows and the average
// widths of its columns, a rewrite as the table with its indexes. Other statements,
// and what can't be estimated, need nothing.
func (s *session) need(ctx context.Context, stmt pgsql.Stmt) (need, error) {
	if ix, ok := stmt.Index(); ok {
		if !ix.Create {
			return need{}, nil
		}
		return s.needOfIndex(ctx, stmt, ix)
	}
	const longest = 1 << 16 // no ALTER TABLE is that long
	if len(stmt.Text) > longest || !strings.EqualFold(firstWord(stmt.Text), "ALTER") {
		return need{}, nil
	}
	table, column, typ, ok := changedType(pgsql.Tokens(stmt.Text))
	if !ok {
		return need{}, nil
	}
	n := need{stmt: shorten(stmt.Text)}
	err := s.conn.QueryRow(ctx, `
SELECT pg_catalog.pg_table_size(c.oid) + pg_catalog.pg_indexes_size(c.oid), t.spcname, `+spacePath+`
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $2
  JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
  JOIN pg_catalog.pg_tablespace t ON t.oid = CASE c.reltablespace WHEN 0::oid THEN d.dattablespace ELSE c.reltablespace END
 WHERE c.oid = pg_catalog.to_regclass($1)::oid AND a.atttypid <> pg_catalog.to_regtype($3)::oid
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castsource = a.atttypid AND k.casttarget = pg_catalog.to_regtype($3)::oid AND k.castmethod = 'b')`,
		table, column, typ).Scan(&n.bytes, &n.space, &n.path)
	return n, orNoNeed(&n, err)
}

// spacePath is where the tablespace t is: the data directory for those that have
// no place of their own, if the role may know that.
const spacePath = `COALESCE(NULLIF(pg_catalog.pg_tablespace_location(t.oid), ''), (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory'), '')`

func (s *session) needOfIndex(ctx context.Context, stmt pgsql.Stmt, ix pgsql.Index) (need, error) {
	rest, ok := afterTable(stmt.Text)
	if !ok {
		return need{}, nil
	}
	var names []string
	space := ""
	tokens := pgsql.Tokens(rest)
	for i, t := range tokens {
		switch {
		case t.Kind == pgsql.Word && strings.EqualFold(t.Text, "WHERE"):
			return need{}, nil // nobody knows how many rows that leaves
		case i > 0 && strings.EqualFold(tokens[i-1].Text, "USING") && !strings.EqualFold(t.Text, "btree"):
			return need{}, nil
		case i > 0 && strings.EqualFold(tokens[i-1].Text, "TABLESPACE"):
			space = name(t)
		case t.Kind == pgsql.Word || t.Kind == pgsql.QuotedIdent:
			names = append(names, name(t))
		}
	}
	n := need{stmt: shorten(stmt.Text)}
	const perRow = 16.0 // a B-tree's item: its header, its pointer, and their alignment
	err := s.conn.QueryRow(ctx, `
SELECT (GREATEST(c.reltuples::float8, 0::float8) * ($2::float8 + COALESCE((SELECT pg_catalog.sum(s.avg_width) FROM pg_catalog.pg_stats s
         WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname::text = ANY ($3::text[])), 0::bigint)::float8))::bigint, t.spcname, `+spacePath+`
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
  JOIN pg_catalog.pg_tablespace t ON t.spcname = NULLIF($4, '') OR $4 = '' AND t.oid = d.dattablespace
 WHERE c.oid = pg_catalog.to_regclass($1)::oid`,
		pgsql.QualifiedIdent(ix.TableSchema, ix.Table), perRow, names, space).Scan(&n.bytes, &n.space, &n.path)
	return n, orNoNeed(&n, err)
}

// orNoNeed makes no need of a table that isn't there yet.
func orNoNeed(n *need, err error) error {
	if err == pgx.ErrNoRows {
		*n = need{}
		return nil
	}
	return err
}

// changedType reads ALTER TABLE t ... ALTER c TYPE x, whose x is another type.
func changedType(tokens []pgsql.Token) (table, column, typ string, ok bool) {
	is := func(i int, word string) bool {
		return i < len(tokens) && tokens[i].Kind == pgsql.Word && strings.EqualFold(tokens[i].Text, word)
	}
	if !is(0, "ALTER") || !is(1, "TABLE") {
		return "", "", "", false
	}
	i := 2
	for is(i, "IF") || is(i, "EXISTS") || is(i, "ONLY") {
		i++
	}
	for ; i < len(tokens); i++ {
		table += tokens[i].Text
		if i+1 >= len(tokens) || tokens[i+1].Text != "." && tokens[i].Text != "." {
			break
		}
	}
	at := slices.IndexFunc(tokens, func(t pgsql.Token) bool { return t.Kind == pgsql.Word && strings.EqualFold(t.Text, "TYPE") })
	if at < 4 {
		return "", "", "", false
	}
	before := at - 1
	if is(before, "DATA") {
		before -= 2
	}
	var words []string
	for j := at + 1; j < len(tokens) && tokens[j].Text != "," && !is(j, "USING") && !is(j, "COLLATE"); j++ {
		words = append(words, tokens[j].Text)
		if tokens[j].Text == "(" {
			return table, name(tokens[before]), strings.Join(words[:len(words)-1], " "), true
		}
	}
	return table, name(tokens[before]), strings.Join(words, " "), true
}

// name is what an identifier names.
func name(t pgsql.Token) string {
	if t.Kind == pgsql.QuotedIdent {
		return strings.ReplaceAll(strings.Trim(t.Text, `"`), `""`, `"`)
	}
	return strings.ToLower(t.Text)
}

func firstWord(sql string) string {
	end := strings.IndexAny(sql, " \t\r\n")
	if end < 0 {
		return sql
	}
	return sql[:end]
}

// size is a number of bytes as people say it.
func size(bytes int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	n, u := float64(bytes), 0
	for n >= 1024 && u < len(units)-1 {
		n, u = n/1024, u+1
	}
	if u == 0 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%.1f %s", n, units[u])
}
