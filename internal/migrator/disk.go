package migrator

import (
	"context"
	"fmt"
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
// Where it can't be made, nothing is refused either.
func (s *session) disk(ctx context.Context, steps []*step) error {
	var needs []need
	for _, st := range steps {
		for _, stmt := range st.stmts[min(st.done, len(st.stmts)):] {
			n, err := s.need(ctx, stmt)
			if err != nil {
				if ctx.Err() != nil || s.conn.IsClosed() {
					return fmt.Errorf("working out how much disk is needed: %w", err)
				}
				s.log(LogNotice{"WARNING", fmt.Sprintf("how much disk is needed is not known: %v; statement: %s", err, pgsql.OneLine(stmt.Text, shown))})
				continue
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
	const alter = "ALTER"
	if len(stmt.Text) > longest || len(stmt.Text) < len(alter) || !strings.EqualFold(stmt.Text[:len(alter)], alter) {
		return need{}, nil
	}
	st := stmt.Parse()
	for _, a := range st.Actions {
		typ, _, ok := a.Type()
		if !ok || st.Verb != "ALTER TABLE" {
			continue
		}
		n := need{stmt: pgsql.OneLine(stmt.Text, shown)}
		err := s.conn.QueryRow(ctx, `
SELECT pg_catalog.pg_table_size(c.oid) + pg_catalog.pg_indexes_size(c.oid), t.spcname, `+spacePath+`
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $2
  JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
  JOIN pg_catalog.pg_tablespace t ON t.oid = CASE c.reltablespace WHEN 0::oid THEN d.dattablespace ELSE c.reltablespace END
 WHERE c.oid = pg_catalog.to_regclass($1)::oid AND a.atttypid <> pg_catalog.to_regtype($3)::oid
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castsource = a.atttypid AND k.casttarget = pg_catalog.to_regtype($3)::oid AND k.castmethod = 'b')`,
			st.Targets[0].String(), a.Name.Name, typ.In(stmt.Text)).Scan(&n.bytes, &n.space, &n.path)
		// All changes of types are one rewrite.
		if err = orNoNeed(&n, err); err != nil || n.bytes > 0 {
			return n, err
		}
	}
	return need{}, nil
}

// spacePath is where the tablespace t is: the data directory for those that have
// no place of their own, if the role may know that.
const spacePath = `COALESCE(NULLIF(pg_catalog.pg_tablespace_location(t.oid), ''), (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory'), '')`

func (s *session) needOfIndex(ctx context.Context, stmt pgsql.Stmt, ix pgsql.Index) (need, error) {
	names, space, ok := indexed(pgsql.Tokens(stmt.Text[ix.After:]))
	if !ok {
		return need{}, nil
	}
	n := need{stmt: pgsql.OneLine(stmt.Text, shown)}
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

// indexed reads what follows the table in a CREATE INDEX: the columns that the index holds, and its tablespace, "" if it
// isn't written. ok is false where the size of the index can't be told by its columns.
func indexed(w pgsql.Words) (columns []string, space string, ok bool) {
	i := 0
	if w.At(0) == "USING" {
		method, next, _ := w.Name(1)
		if method.Name != "btree" {
			return nil, "", false
		}
		i = next
	}
	if w.Find(i, "WHERE") >= 0 {
		return nil, "", false // nobody knows how many rows that leaves
	}
	if at := w.Find(i, "TABLESPACE"); at >= 0 { // no other name stands outside parentheses
		n, _, _ := w.Name(at + 1)
		space = n.Name
	}
	for w.At(i) == "(" {
		end := w.Find(i+1, ")")
		if end < 0 {
			return nil, "", false
		}
		for _, part := range w[i+1 : end].Split() {
			columns = append(columns, mentioned(part)...)
		}
		if i = end + 1; w.At(i) == "INCLUDE" {
			i++
		}
	}
	return columns, space, true
}

// mentioned returns the columns of an index's part: itself, or what may be one in an expression.
func mentioned(w pgsql.Words) (columns []string) {
	if n, next, ok := w.Name(0); ok && w.At(next) != "(" {
		return []string{n.Name}
	}
	for i := range w {
		if n, _, ok := w.Name(i); ok {
			columns = append(columns, n.Name)
		}
	}
	return columns
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
