package migrator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

// InvalidIndex is an index that PostgreSQL maintains but doesn't use, because it is being built or its build was
// interrupted.
type InvalidIndex struct {
	Name     string // schema.name, quoted where needed
	Table    string // schema.name, quoted where needed
	Building int    // pid of the backend that builds it, 0 if none does
	Next     Next   `json:",omitempty"` // what the next apply does with it
	// Partitioned is whether Table is partitioned. Next is empty then.
	Partitioned bool `json:",omitempty"`
	// Lacking are the partitions without their part of such an index. If every partition has one, as after another
	// partition was detached, PostgreSQL 14 and later make the index valid when Part, one of its parts, is attached
	// again. Part is empty if there are no partitions.
	Lacking []string `json:",omitempty"`
	Part    string   `json:",omitempty"`

	exprs bool   // it has expressions, for which ANALYZE collects statistics
	def   string // its CREATE INDEX
	later bool   // with NextBuild: a pending migration rebuilds it
}

// Next is what the next apply does with an INVALID index.
type Next string

// What apply does with INVALID indexes.
const (
	NextUnknown Next = ""      // nothing, because it refuses to run
	NextKeep    Next = "keep"  // nothing, because no migration creates it
	NextBuild   Next = "build" // rebuilds it
	NextDrop    Next = "drop"  // drops it, because REINDEX left it next to another
)

// invalid returns the database's INVALID indexes, without Next. Those of partitioned tables are omitted: they are
// INVALID until every partition has its own.
func (s *session) invalid(ctx context.Context) ([]InvalidIndex, error) {
	defer s.promptly()()
	rows, err := s.conn.Query(ctx, `
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname),
       COALESCE((SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p
                   JOIN pg_catalog.pg_locks l ON l.pid = p.pid AND l.locktype = 'relation' AND l.relation = i.indrelid
                        AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
                  WHERE p.datname = pg_catalog.current_database() AND (p.index_relid IS NULL OR p.index_relid IN (0::oid, c.oid))
                  LIMIT 1), 0), i.indexprs IS NOT NULL, pg_catalog.pg_get_indexdef(c.oid)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
 WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname::text !~ '^pg_'
 ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("reading the INVALID indexes: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ix InvalidIndex, err error) {
		err = row.Scan(&ix.Name, &ix.Table, &ix.Building, &ix.exprs, &ix.def)
		return ix, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the INVALID indexes: %w", err)
	}
	return found, nil
}

// incomplete returns the INVALID indexes of partitioned tables.
func (s *session) incomplete(ctx context.Context) ([]InvalidIndex, error) {
	if s.allValid {
		return nil, nil
	}
	defer s.promptly()()
	rows, err := s.conn.Query(ctx, `
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname),
       ARRAY(SELECT pg_catalog.quote_ident(ln.nspname) || '.' || pg_catalog.quote_ident(l.relname)
               FROM pg_catalog.pg_partition_tree(t.oid) p
               JOIN pg_catalog.pg_class l ON l.oid = p.relid AND l.oid <> t.oid AND l.relkind IN ('r', 'p')
               JOIN pg_catalog.pg_namespace ln ON ln.oid = l.relnamespace
              WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index x
                                 WHERE x.indrelid = l.oid AND x.indisvalid
                                   AND EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(x.indexrelid) a WHERE a.relid = c.oid))
              ORDER BY 1),
       COALESCE((SELECT pg_catalog.quote_ident(xn.nspname) || '.' || pg_catalog.quote_ident(x.relname)
                   FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class x ON x.oid = h.inhrelid
                   JOIN pg_catalog.pg_namespace xn ON xn.oid = x.relnamespace
                  WHERE h.inhparent = c.oid ORDER BY 1 LIMIT 1), '')
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
 WHERE NOT i.indisvalid AND c.relkind = 'I' AND n.nspname::text !~ '^pg_' AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid)
 ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("reading the INVALID indexes: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ix InvalidIndex, err error) {
		ix.Partitioned = true
		err = row.Scan(&ix.Name, &ix.Table, &ix.Lacking, &ix.Part)
		return ix, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the INVALID indexes: %w", err)
	}
	return found, nil
}

// anyInvalid asks whether any index is INVALID. Most databases have none, and planning the query of invalid in a new
// session takes longer than the rest of an apply with nothing to do.
const anyInvalid = "SELECT EXISTS (SELECT FROM pg_catalog.pg_index WHERE NOT indisvalid)"

// foresee returns the database's INVALID indexes with what an apply from a position to the index to does with each. It
// rebuilds those of that version, by the migration that creates them or at the end. It leaves alone what another
// session builds.
func (s *session) foresee(ctx context.Context, pos revision.Position, to int) ([]InvalidIndex, error) {
	if s.allValid {
		return nil, nil
	}
	all, err := s.invalid(ctx)
	if err != nil || len(all) == 0 {
		return all, err
	}
	here, err := catalog.At(s.m.dir, pos.Index)
	if err != nil {
		return all, nil // what the migrations create is unknown: leave them alone
	}
	there, err := catalog.At(s.m.dir, to)
	if err != nil {
		return all, nil
	}
	live, err := s.catalog(ctx)
	if err != nil {
		return all, err
	}
	now, then := catalog.Diff(here, live), catalog.Diff(there, live)
	for i := range all {
		ix := &all[i]
		is := func(d catalog.Difference) bool { return d.IsIndex(ix.Name) }
		n, t := slices.IndexFunc(now, is), slices.IndexFunc(then, is)
		ix.Next = NextKeep
		switch {
		case ix.Building != 0 || t < 0 || !then[t].Invalid:
		case then[t].Leftover:
			ix.Next = NextDrop
		case then[t].Want == "":
		case n >= 0 && now[n].Want != "":
			ix.Next = NextBuild
		case n >= 0 && slices.ContainsFunc(s.m.files[pos.Index+1:to+1], func(f *migration.File) bool { return revision.Takes(f, now[n]) }):
			ix.Next, ix.later = NextBuild, true
		}
	}
	return all, nil
}

// repair returns the statements that rebuild or drop an INVALID index after all migrations. An interrupted REINDEX
// leaves the index INVALID as before.
func (ix InvalidIndex) repair() []string {
	switch {
	case ix.Next == NextDrop:
		return []string{"DROP INDEX CONCURRENTLY IF EXISTS " + ix.Name}
	case ix.Next != NextBuild || ix.later:
		return nil
	case ix.exprs:
		return []string{"REINDEX INDEX CONCURRENTLY " + ix.Name, "ANALYZE " + ix.Table}
	}
	return []string{"REINDEX INDEX CONCURRENTLY " + ix.Name}
}

// builds returns the CREATE INDEX statements of the indexes that repair rebuilds.
func builds(all []InvalidIndex) []pgsql.Stmt {
	var stmts []pgsql.Stmt
	for _, ix := range all {
		if ix.Next == NextBuild && !ix.later {
			stmts = append(stmts, pgsql.Stmt{Text: ix.def})
		}
	}
	return stmts
}

// repair rebuilds or drops the INVALID indexes that foresee returned. It returns the names of those that it rebuilt.
func (s *session) repair(ctx context.Context, foreseen []InvalidIndex) ([]string, error) {
	if !slices.ContainsFunc(foreseen, func(ix InvalidIndex) bool { return ix.repair() != nil }) {
		return nil, nil
	}
	if err := s.reset(ctx); err != nil {
		return nil, err
	}
	still, err := s.invalid(ctx)
	if err != nil {
		return nil, err
	}
	var built []string
	for _, ix := range foreseen {
		is := func(other InvalidIndex) bool { return other.Name == ix.Name && other.Building == 0 }
		if ix.repair() == nil || !slices.ContainsFunc(still, is) {
			continue
		}
		s.log(LogMend{Index: ix.Name, Next: ix.Next})
		for _, sql := range ix.repair() {
			if err := s.alone(ctx, sql); err != nil {
				return built, fmt.Errorf("the INVALID index %s: %s: %w; the migrations are applied: fix the cause, then `apply` again", ix.Name, sql, err)
			}
		}
		if ix.Next == NextBuild {
			built = append(built, ix.Name)
		}
	}
	return built, nil
}

// alone runs a statement that isn't part of a migration, outside a transaction.
func (s *session) alone(ctx context.Context, sql string) error {
	e := LogStmt{Stmt: pgsql.Stmt{Text: sql}, N: 1, Total: 1}
	return s.retry(ctx, sql, func() error {
		return s.bounded(ctx, e.Stmt, func(time.Duration) error {
			s.log(e)
			start, end := time.Now(), s.observer.statement(e)
			err := s.script.Exec(ctx, sql)
			end()
			s.log(LogStmtDone{Stmt: e.Stmt, N: 1, Total: 1, Elapsed: time.Since(start)})
			return err
		})
	})
}
