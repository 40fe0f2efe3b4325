package online

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// A cost is what a statement does to a table, measured on an empty one, because PostgreSQL does the same to a full
// one.
type cost struct {
	rewrites bool // every row is rewritten
	rebuilds bool // an index is rebuilt
}

// try runs statements in a transaction that it rolls back, and returns what the last of them does to the table. If
// PostgreSQL refuses one, the error is a *pgconn.PgError.
func try(ctx context.Context, conn *pgx.Conn, table string, stmts ...string) (c cost, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return cost{}, fmt.Errorf("trying a statement: %w", err)
	}
	defer func() {
		if rerr := tx.Rollback(ctx); rerr != nil && err == nil {
			err = fmt.Errorf("trying a statement: %w", rerr)
		}
	}()
	var before, after [2]string
	for i, s := range stmts {
		if i == len(stmts)-1 {
			if before, err = onDisk(ctx, tx, table); err != nil {
				return cost{}, err
			}
		}
		if _, err := tx.Exec(ctx, s); err != nil {
			return cost{}, err
		}
	}
	if after, err = onDisk(ctx, tx, table); err != nil {
		return cost{}, err
	}
	return cost{rewrites: before[0] != after[0], rebuilds: before[1] != after[1]}, nil
}

// onDisk returns the names of the files of a table and its partitions, and of their indexes.
func onDisk(ctx context.Context, tx pgx.Tx, table string) (files [2]string, err error) {
	err = tx.QueryRow(ctx, `
WITH RECURSIVE t(oid) AS (
  SELECT $1::text::regclass::oid UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN t ON t.oid = h.inhparent)
SELECT (SELECT pg_catalog.string_agg(c.relfilenode::text, ' ' ORDER BY c.oid) FROM t JOIN pg_catalog.pg_class c ON c.oid = t.oid),
       (SELECT coalesce(pg_catalog.string_agg(c.relfilenode::text, ' ' ORDER BY c.relfilenode), '') FROM t
        JOIN pg_catalog.pg_index i ON i.indrelid = t.oid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid)`, table).Scan(&files[0], &files[1])
	return files, err
}

// addCost returns what adding a column does to a table, measured on an empty table in the desired state, where the
// column's type exists.
func (d *differ) addCost(ctx context.Context, def string) (cost, error) {
	return try(ctx, d.want.conn, "pg_temp.tried", "CREATE TEMPORARY TABLE tried ()", "ALTER TABLE pg_temp.tried ADD COLUMN "+def)
}

// castCost returns what changing a column's type does to the table, and the USING that it needs; ok is false if
// PostgreSQL has no cast. It is measured on the table itself, on a copy of one that has no partitions, or, if a type
// doesn't exist there, on an empty table in the desired state.
func (d *differ) castCost(ctx context.Context, t *table, from, to *column) (c cost, using string, ok bool, err error) {
	if using := d.zonedUsing(from, to); using != "" {
		return cost{rewrites: true}, using, true, nil
	}
	attempts := []struct {
		conn   *pgx.Conn
		table  string
		column *column
		before []string
	}{
		{d.have.conn, t.String(), from, nil},
		{d.want.conn, "pg_temp.tried", &column{Name: "c"}, []string{"CREATE TEMPORARY TABLE tried (c " + from.typed() + ")"}},
		{d.have.conn, "pg_temp.tried", &column{Name: "c"}, []string{"CREATE TEMPORARY TABLE tried (c " + from.typed() + ")"}},
	}
	if t.Partitioned && len(t.leaves()) == 0 { // its partitions in other databases have files
		attempts[0].table, attempts[0].before = "pg_temp.tried", []string{"CREATE TEMPORARY TABLE tried (LIKE " + t.String() + " INCLUDING INDEXES)"}
	}
	for i, p := range attempts {
		if i == 0 && t.column(from.Name) != from {
			continue // a down migration: the table isn't like that yet
		}
		casts := []string{"", "::" + to.Type}
		if from.Labels != nil && to.Labels != nil { // enums, or arrays of them
			casts = append(casts, "::text"+strings.Repeat("[]", strings.Count(to.Type, "[]"))+"::"+to.Type)
		}
		for n, cast := range casts {
			stmts := p.before
			alter := "ALTER TABLE " + p.table + " ALTER COLUMN " + ident(p.column.Name)
			if i == 0 && from.Default != nil {
				stmts = append(stmts, alter+" DROP DEFAULT")
			}
			using := ""
			if cast != "" {
				using = " USING " + ident(p.column.Name) + cast
			}
			c, err := try(ctx, p.conn, p.table, append(stmts, alter+" TYPE "+to.typed()+using)...)
			switch pgsql.SQLState(err) {
			case "":
				if err == nil {
					if cast != "" {
						using = " USING " + ident(from.Name) + cast
					}
					return c, using, true, nil
				}
				return cost{}, "", false, err
			case pgsql.DatatypeMismatch: // no assignment cast
				continue
			case pgsql.CannotCoerce:
				if n+1 < len(casts) {
					continue
				}
				return cost{rewrites: true}, " USING " + ident(from.Name) + "::text::" + to.Type, false, nil
			}
			break
		}
	}
	return cost{rewrites: true}, " USING " + ident(from.Name) + "::" + to.Type, true, nil
}
