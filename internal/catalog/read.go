package catalog

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Options are what Read excludes. The zero value excludes the two record tables in schema public.
type Options struct {
	// Exclude are patterns in Atlas's syntax: globs for schema, schema.object or schema.table.part (a column, index,
	// constraint, trigger, policy or rule), each with an optional selector: "public.*[type=view|function]". If Atlas's
	// URL names a schema, a single glob matches the objects of that schema. So here it also excludes objects of schema
	// public.
	Exclude []string
	// AlembicSchema is the schema of the table alembic_version, and JournalSchema that of atlas_schema_revisions; ""
	// means public. The two tables and what belongs to them are excluded.
	AlembicSchema, JournalSchema string
}

// Read reads the catalog of the database that conn is connected to, in two round trips. Outside a transaction, it reads
// in its own read-only one. Inside a transaction, it reads under a savepoint and sees what the transaction sees. It
// doesn't change the session.
//
// Printing a view takes a weak lock on its relations. If another session holds a conflicting lock, Read waits for it
// until ctx ends, or about 5 s inside a transaction.
//
// Read fails on errors of the connection, malformed patterns, and servers older than pgsql.OldestMajor.
func Read(ctx context.Context, conn *pgx.Conn, opts Options) (Catalog, error) {
	ex, err := parseExclude(opts.Exclude)
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	ex.record = opts.record()
	major, err := majorVersion(conn.PgConn())
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	list := queries(major, ex.needsColumns())
	within := conn.PgConn().TxStatus() != 'I'
	for try := 1; ; try++ {
		a := newAssembly(major, ex)
		err := a.run(ctx, conn.PgConn(), list)
		if err == nil {
			return a.catalog(), nil
		}
		if !again(err, try, within) {
			return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
		}
	}
}

// again reports whether to try again. PostgreSQL's functions read the newest catalog, not the snapshot's. If another
// session meanwhile drops an object, they fail with an internal error; if it locks one, they wait. lock_timeout is
// shorter than the default deadlock_timeout, so that the reader gives way in a deadlock. Between two tries the reader
// holds no locks, except those of the caller's transaction.
func again(err error, try int, within bool) bool {
	switch pgsql.SQLState(err) {
	case pgsql.InternalError, pgsql.DeadlockDetected:
		return try < 10
	case pgsql.LockNotAvailable:
		return !within || try < 10
	}
	return false
}

// record returns the schema and name of the two record tables.
func (o Options) record() [2][2]string {
	return [2][2]string{
		{orPublic(o.AlembicSchema), "alembic_version"},
		{orPublic(o.JournalSchema), "atlas_schema_revisions"},
	}
}

func orPublic(schema string) string {
	if schema == "" {
		return "public"
	}
	return schema
}

func majorVersion(conn *pgconn.PgConn) (int, error) {
	version := conn.ParameterStatus("server_version")
	switch major := pgsql.MajorVersion(version); {
	case major == 0:
		return 0, fmt.Errorf("unknown server_version %q", version)
	case major < pgsql.OldestMajor:
		return 0, fmt.Errorf("PostgreSQL %s is too old: the oldest supported version is %d", version, pgsql.OldestMajor)
	default:
		return major, nil
	}
}

// Printing runs read in a transaction in which PostgreSQL prints names and constants as in a catalog, or under a
// savepoint of the current one, and rolls back. It doesn't change the session.
func Printing(ctx context.Context, conn *pgx.Conn, read func() error) error {
	open, undo := begin, rollback
	if conn.PgConn().TxStatus() != 'I' {
		open, undo = savepoint, release
	}
	if _, err := conn.Exec(ctx, open+printing+planning, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("setting how the server prints: %w", err)
	}
	err := read()
	if conn.IsClosed() {
		return err
	}
	if _, uerr := conn.Exec(ctx, undo, pgx.QueryExecModeSimpleProtocol); uerr != nil && err == nil {
		return fmt.Errorf("ending the transaction: %w", uerr)
	}
	return err
}

// printing sets what determines how PostgreSQL prints names and constants. pg_temp is last, because otherwise a
// temporary table pg_class would hide the system's.
const printing = `
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL standard_conforming_strings = on;
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL TimeZone = 'UTC';
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';
SET LOCAL xmlbinary = 'base64';
SET LOCAL lc_monetary = 'C';
SET LOCAL quote_all_identifiers = off;
`

// planning is for Atlas's queries, which join a list of all tables, or aggregates of which PostgreSQL expects few rows.
// With nested loops, their time grows with the square of the number of tables.
const planning = `
SET LOCAL jit = off;
SET LOCAL enable_nestloop = off;
`

// session also turns off two features that slow down short queries, and limits waits for locks.
const session = printing + `
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL lock_timeout = '500ms';
`

const (
	begin    = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
	commit   = "COMMIT"
	rollback = "ROLLBACK"

	savepoint = "SAVEPOINT reading_the_catalog;"
	release   = "ROLLBACK TO SAVEPOINT reading_the_catalog; RELEASE SAVEPOINT reading_the_catalog"
)

// run sends the guards of the queries and then those that must run, each time as one simple query, which takes one
// round trip and creates no prepared statements.
func (a *assembly) run(ctx context.Context, conn *pgconn.PgConn, list []query) error {
	open, done, undo := begin, commit, rollback
	within := conn.TxStatus() != 'I'
	if within {
		open, done, undo = savepoint, release, release
	}
	var must [][]byte
	err := send(ctx, conn, open+session+guards(list), func(rr *pgconn.ResultReader) error {
		for rr.NextRow() {
			for _, v := range rr.Values() {
				must = append(must, bytes.Clone(v))
			}
		}
		return nil
	})
	if err == nil {
		var sql []string
		for _, q := range list {
			if q.guard != "" {
				run := string(must[0]) == "t"
				if must = must[1:]; !run {
					continue
				}
			}
			sql = append(sql, q.sql)
		}
		err = send(ctx, conn, strings.Join(append(sql, done), "\n;\n"), a.read)
	}
	if status := conn.TxStatus(); err != nil && !conn.IsClosed() && (status == 'E' || status == 'T' && !within) {
		// Report the first error.
		_ = conn.Exec(ctx, undo).Close()
	}
	return err
}

// send sends SQL as one simple query, and calls read for each of its results.
func send(ctx context.Context, conn *pgconn.PgConn, sql string, read func(*pgconn.ResultReader) error) error {
	mrr := conn.Exec(ctx, sql)
	for mrr.NextResult() {
		if err := read(mrr.ResultReader()); err != nil {
			_ = mrr.Close()
			return err
		}
	}
	return mrr.Close()
}

// read reads the rows of one query, whose number of columns identifies it.
func (a *assembly) read(rr *pgconn.ResultReader) error {
	for rr.NextRow() {
		if err := a.scan(rr.Values()); err != nil {
			return err
		}
	}
	_, err := rr.Close()
	return err
}

func (a *assembly) scan(v [][]byte) error {
	switch len(v) {
	case 1:
		a.drop[string(v[0])] = true
	case 2:
		a.comments[string(v[0])] = string(v[1])
	default:
		return a.add(row{
			kind: string(v[0]), name: string(v[1]), def: string(v[2]), state: string(v[3]),
			schema: string(v[4]), rel: string(v[5]), child: string(v[6]),
			key: string(v[7]), parent: string(v[8]), cols: v[9], hidden: v[10] != nil,
		})
	}
	return nil
}
