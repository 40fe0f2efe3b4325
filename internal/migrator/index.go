package migrator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// PostgreSQL builds and drops an index concurrently in several transactions. An interrupted build leaves an INVALID
// index: no query uses it, every write maintains it, and it satisfies CREATE INDEX CONCURRENTLY IF NOT EXISTS.

// builtIndex is an index in the catalog.
type builtIndex struct {
	oid    uint32
	table  uint32
	schema string
	name   string
	unique bool
	valid  bool
	def    string // what follows the table's name in its definition
}

// prepareIndex prepares for a CREATE or DROP INDEX CONCURRENTLY. If again is set, the statement may have run before,
// and done reports that it completed. prepareIndex drops an INVALID index that the statement left. If the index exists
// with another definition, it returns an error, unless the statement itself will fail.
func (s *session) prepareIndex(ctx context.Context, stmt pgsql.Stmt, again bool) (done bool, err error) {
	ix, ok := stmt.Index()
	switch {
	case !ok || !ix.Concurrently:
		return false, nil
	case ix.Drop:
		if !again {
			return false, nil
		}
		var exists bool
		err := s.conn.QueryRow(ctx, "SELECT pg_catalog.to_regclass($1) IS NOT NULL", pgsql.QualifiedIdent(ix.Schema, ix.Name)).Scan(&exists)
		return !exists, err
	case !again && ix.Name == "":
		return false, nil
	}
	for {
		found, err := s.findIndex(ctx, ix)
		if err != nil || len(found) == 0 {
			return false, err
		}
		waited := false
		unique, def, err := s.wanted(ctx, stmt, ix)
		if err != nil {
			return false, nil // the statement itself will report the error
		}
		for _, b := range found {
			name := b.schema + "." + b.name
			same := b.unique == unique && b.def == def
			switch {
			case !same && ix.Name == "":
				continue
			case !same && !b.valid:
				return false, fmt.Errorf("the index %s exists, is INVALID and has another definition (... %s), so it isn't left by this migration: drop it, or rename one of the two", name, b.def)
			case !same && (ix.IfNotExists || again):
				return false, fmt.Errorf("the index %s exists with another definition (... %s): drop it, or rename one of the two", name, b.def)
			case !same:
				return false, nil
			case b.valid:
				return again, nil
			}
			building, err := s.builder(ctx, b)
			if err != nil {
				return false, err
			}
			if building != 0 {
				s.log(LogBuilding{Index: name, PID: building})
				if err := s.awaitBuild(ctx, b); err != nil {
					return false, err
				}
				again, waited = true, true // if it was completed, the statement is done
				break
			}
			s.log(LogRebuild{Index: name})
			if err := s.dropConcurrently(ctx, b); err != nil {
				return false, err
			}
			return false, nil
		}
		if !waited {
			return false, nil
		}
	}
}

// findIndex returns the index of that name in the table's schema, or all indexes of the table if the statement gives no
// name.
func (s *session) findIndex(ctx context.Context, ix pgsql.Index) ([]builtIndex, error) {
	rows, err := s.conn.Query(ctx, `
SELECT c.oid, i.indrelid, n.nspname, c.relname, i.indisunique, i.indisvalid, pg_catalog.pg_get_indexdef(c.oid),
       ' ON ' || pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) || ' '
  FROM pg_catalog.pg_class w
  JOIN pg_catalog.pg_class c ON c.relnamespace = w.relnamespace
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
  JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
 WHERE w.oid = pg_catalog.to_regclass($1)::oid AND (c.relname = $2 OR $2 = '' AND i.indrelid = w.oid)
 ORDER BY c.oid`, pgsql.QualifiedIdent(ix.TableSchema, ix.Table), ix.Name)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (b builtIndex, err error) {
		var def, on string
		err = row.Scan(&b.oid, &b.table, &b.schema, &b.name, &b.unique, &b.valid, &def, &on)
		_, b.def, _ = strings.Cut(def, on)
		return b, err
	})
}

var errDone = errors.New("done")

// wanted returns the definition of the index that the statement would create, as PostgreSQL prints it: it creates the
// index on an empty temporary copy of the table, and rolls back.
func (s *session) wanted(ctx context.Context, stmt pgsql.Stmt, ix pgsql.Index) (unique bool, def string, err error) {
	create := "CREATE INDEX"
	if ix.Unique {
		create = "CREATE UNIQUE INDEX"
	}
	copied := "pg_temp." + pgsql.Ident(ix.Table)
	err = s.tx(ctx, func(tx pgx.Tx) error {
		for _, sql := range []string{
			"CREATE TEMPORARY TABLE " + pgsql.Ident(ix.Table) + " (LIKE " + pgsql.QualifiedIdent(ix.TableSchema, ix.Table) + ")",
			create + " ON " + copied + " " + stmt.Text[ix.After:],
		} {
			if err := s.script.Exec(ctx, sql); err != nil {
				return err
			}
		}
		var on string
		err := tx.QueryRow(ctx, `
SELECT pg_catalog.pg_get_indexdef(i.indexrelid), ' ON ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname) || ' '
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
 WHERE i.indrelid = $1::text::regclass::oid`, copied).Scan(&def, &on)
		if err != nil {
			return err
		}
		// Some versions print this session's temporary schema as pg_temp.
		if _, after, ok := strings.Cut(def, on); ok {
			def = after
		} else if _, def, ok = strings.Cut(def, " ON "+copied+" "); !ok {
			return errors.New("the definition has no table")
		}
		return errDone
	})
	if errors.Is(err, errDone) {
		err = nil
	}
	return ix.Unique, def, err
}

// builder returns the pid of the backend that builds the index, 0 if none does. What a backend builds is hidden from
// other users, but not that it holds the lock on the table.
func (s *session) builder(ctx context.Context, b builtIndex) (int, error) {
	var pid int
	err := s.conn.QueryRow(ctx, `
SELECT p.pid
  FROM pg_catalog.pg_stat_progress_create_index p
  JOIN pg_catalog.pg_locks l ON l.pid = p.pid AND l.locktype = 'relation' AND l.relation = $1::bigint::oid
       AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
 WHERE p.datname = pg_catalog.current_database() AND p.pid <> pg_catalog.pg_backend_pid() AND (p.index_relid IS NULL OR p.index_relid IN (0::oid, $2::bigint::oid))`,
		int64(b.table), int64(b.oid)).Scan(&pid)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return pid, err
}

// awaitBuild waits until no backend builds the index.
func (s *session) awaitBuild(ctx context.Context, b builtIndex) error {
	for {
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
		if pid, err := s.builder(ctx, b); err != nil || pid == 0 {
			return err
		}
	}
}

// dropConcurrently drops an index without blocking others.
func (s *session) dropConcurrently(ctx context.Context, b builtIndex) error {
	drop := pgsql.Stmt{Text: "DROP INDEX CONCURRENTLY IF EXISTS " + pgsql.QualifiedIdent(b.schema, b.name)}
	return s.bounded(ctx, drop, func(time.Duration) error { return s.script.Exec(ctx, drop.Text) })
}
