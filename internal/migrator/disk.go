package migrator

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// PostgreSQL has no function that returns the free disk space. The tool finds it out itself if the server runs on this
// machine (the connection is a Unix socket) and the directory is known: the role may read the data directory's name, or
// the tablespace has its own directory. Otherwise it only reports how much is needed.

// worthTelling is how large a need must be to be reported if the free space is unknown.
const worthTelling = 1 << 30

// need is how much a statement will write at least.
type need struct {
	stmt  string // the statement, shortened
	space string // tablespace
	path  string // its directory, "" if hidden
	bytes int64
}

// disk returns an error if the disk is too small for what the steps build or rewrite. The estimate is a lower bound, so
// that nothing is refused that would succeed. Without an estimate, nothing is refused.
func (s *session) disk(ctx context.Context, steps []*step) error {
	var needs []need
	for _, st := range steps {
		for _, stmt := range st.stmts[min(st.done, len(st.stmts)):] {
			n, err := s.need(ctx, stmt)
			if err != nil {
				if ctx.Err() != nil || s.conn.IsClosed() {
					return fmt.Errorf("estimating the disk space: %w", err)
				}
				s.log(LogNotice{"WARNING", fmt.Sprintf("could not estimate the disk space that a statement needs: %v; statement: %s", err, pgsql.OneLine(stmt.Text, shown))})
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
			return &RefusedError{fmt.Sprintf("too little disk space: the migrations need at least %s, most of it for %s, and tablespace %s (%s) has %s free; nothing was done: free some space first",
				size(sum), largest.stmt, space, largest.path, size(free))}
		case !known && sum >= worthTelling:
			s.log(LogDisk{Need: sum, Tablespace: space, Stmt: largest.stmt})
		}
	}
	return nil
}

// need estimates what a statement writes: for an index, its rows times the average widths of its columns; for a
// rewrite, the table with its indexes. Other statements, and what can't be estimated, need nothing.
func (s *session) need(ctx context.Context, stmt pgsql.Stmt) (need, error) {
	if ix, ok := stmt.Index(); ok {
		if !ix.Create {
			return need{}, nil
		}
		return s.needOfIndex(ctx, stmt, ix)
	}
	const longest = 1 << 16 // ALTER TABLE statements are shorter
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
		// All type changes of a statement are one rewrite.
		if err = orNoNeed(&n, err); err != nil || n.bytes > 0 {
			return n, err
		}
	}
	return need{}, nil
}

// spacePath is the directory of the tablespace t, by default the data directory, if the role may read it.
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

// orNoNeed clears the need if the table doesn't exist yet.
func orNoNeed(n *need, err error) error {
	if err == pgx.ErrNoRows {
		*n = need{}
		return nil
	}
	return err
}

// indexed parses what follows the table in a CREATE INDEX: the columns that the index contains, and its tablespace, ""
// if none is given. ok is false if the columns don't tell the size of the index.
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
		return nil, "", false // the number of rows is unknown
	}
	if at := w.Find(i, "TABLESPACE"); at >= 0 { // the only name outside parentheses
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

// mentioned returns the columns of a part of an index: the column, or the names in an expression.
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

// size formats a number of bytes.
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
