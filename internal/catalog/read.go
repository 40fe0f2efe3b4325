package catalog

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Options say what Read leaves out. The zero value leaves out the two record
// tables in schema public.
type Options struct {
	// Exclude are atlas.hcl's patterns, in Atlas's syntax: globs on schema,
	// schema.object or schema.table.part (a column, index, constraint, trigger,
	// policy or rule), each with an optional selector: "public.*[type=view|function]".
	// Atlas matches a single glob with the objects of one schema instead when its
	// URL names one; so here it also excludes objects of schema public.
	Exclude []string
	// AlembicSchema is the schema of the table alembic_version, JournalSchema
	// that of atlas_schema_revisions; "" is public. The two tables and what
	// belongs to them are left out.
	AlembicSchema, JournalSchema string
}

// Read reads the catalog of the database that conn is connected to, in one
// round trip. Outside of a transaction it reads in a read-only one of its own;
// inside of one it sees what the transaction sees, under a savepoint. Either
// way the session is afterwards as it was.
//
// Printing a view takes a weak lock on what it reads: where another session
// holds a strong one, Read waits for it as long as ctx lasts, or about 5 s
// inside of a transaction.
//
// Errors are those of the connection and of malformed patterns; servers older
// than 13 are refused.
func Read(ctx context.Context, conn *pgx.Conn, opts Options) (Catalog, error) {
	ex, err := parseExclude(opts.Exclude)
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	ex.record = [2][2]string{
		{orPublic(opts.AlembicSchema), "alembic_version"},
		{orPublic(opts.JournalSchema), "atlas_schema_revisions"},
	}
	major, err := majorVersion(conn.PgConn())
	if err != nil {
		return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
	}
	sql := queries(major, ex.needsColumns())
	within := conn.PgConn().TxStatus() != 'I'
	for try := 1; ; try++ {
		a := newAssembly(major, ex)
		err := a.run(ctx, conn.PgConn(), sql)
		if err == nil {
			return a.catalog(), nil
		}
		if !again(err, try, within) {
			return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
		}
	}
}

// again reports whether another try may do better. Where another session drops
// or locks an object while we read, PostgreSQL's own functions, which look at
// the newest catalog and not at our snapshot, fail with an internal error, or
// wait for its lock. The session's lock_timeout is shorter than the usual
// deadlock_timeout, so that in a deadlock it is the reader who gives way. Between two tries
// nothing is held, unless the caller's transaction does.
func again(err error, try int, within bool) bool {
	switch pgsql.SQLState(err) {
	case pgsql.InternalError, pgsql.DeadlockDetected:
		return try < 10
	case pgsql.LockNotAvailable:
		return !within || try < 10
	}
	return false
}

func orPublic(schema string) string {
	if schema == "" {
		return "public"
	}
	return schema
}

func majorVersion(conn *pgconn.PgConn) (int, error) {
	s := conn.ParameterStatus("server_version")
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(s)
	}
	major, err := strconv.Atoi(s[:end])
	if err != nil {
		return 0, fmt.Errorf("server_version %q is no PostgreSQL version", s)
	}
	if major < 13 {
		return 0, fmt.Errorf("PostgreSQL %s is too old: 13 is the oldest that works", s)
	}
	return major, nil
}

// The settings that decide how PostgreSQL prints names and constants, two that
// make short queries slow, and how long to wait for a lock. pg_temp stands last, or a temporary table named
// pg_class would be read instead of the system's.
const session = `
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

// run sends everything as one simple query: that is one round trip, and it
// leaves no prepared statements behind.
func (a *assembly) run(ctx context.Context, conn *pgconn.PgConn, sql string) error {
	open, done, undo := begin, commit, rollback
	if conn.TxStatus() != 'I' {
		open, done, undo = savepoint, release, release
	}
	mrr := conn.Exec(ctx, open+session+sql+"\n;"+done)
	for mrr.NextResult() {
		if err := a.read(mrr.ResultReader()); err != nil {
			_ = mrr.Close()
			_ = conn.Exec(ctx, undo).Close()
			return err
		}
	}
	if err := mrr.Close(); err != nil {
		if !conn.IsClosed() && conn.TxStatus() == 'E' {
			// The error that matters is the first.
			_ = conn.Exec(ctx, undo).Close()
		}
		return err
	}
	return nil
}

// read takes one query's rows, which it tells apart by their width.
func (a *assembly) read(rr *pgconn.ResultReader) error {
	for rr.NextRow() {
		v := rr.Values()
		switch len(v) {
		case 1:
			a.drop[string(v[0])] = true
		case 2:
			a.comments[string(v[0])] = string(v[1])
		default:
			err := a.add(row{
				kind: string(v[0]), name: string(v[1]), def: string(v[2]), state: string(v[3]),
				schema: string(v[4]), rel: string(v[5]), child: string(v[6]),
				key: string(v[7]), parent: string(v[8]), cols: v[9], hidden: v[10] != nil,
			})
			if err != nil {
				return err
			}
		}
	}
	_, err := rr.Close()
	return err
}
