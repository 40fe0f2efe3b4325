package revision

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Create creates the tables that rec lacks, and the journal's schema if that is
// missing. It belongs into the transaction that writes the first rows.
func (s Store) Create(ctx context.Context, tx Querier, rec Record) error {
	if !rec.HasAlembic {
		if err := s.create(ctx, tx, orPublic(s.AlembicSchema), s.alembicDDL()); err != nil {
			return fmt.Errorf("creating %s: %w", s.alembic(), err)
		}
	}
	if !rec.HasJournal {
		if err := s.create(ctx, tx, orPublic(s.JournalSchema), s.journalDDL()); err != nil {
			return fmt.Errorf("creating %s: %w", s.journal(), err)
		}
	}
	return nil
}

// create asks for the schema first: CREATE SCHEMA IF NOT EXISTS wants the right
// to create schemas even where there is nothing to do.
func (s Store) create(ctx context.Context, tx Querier, schema, ddl string) error {
	if schema != "public" {
		var exists bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)", schema).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := tx.Exec(ctx, "CREATE SCHEMA "+pgsql.Ident(schema)); err != nil {
				return err
			}
		}
	}
	_, err := tx.Exec(ctx, ddl)
	return err
}

// CreateScript is Create as statements of a psql script.
func (s Store) CreateScript(rec Record) string {
	var b strings.Builder
	create := func(schema, ddl string) {
		if schema != "public" {
			fmt.Fprintf(&b, "SELECT %s WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = %s) \\gexec\n",
				pgsql.Literal("CREATE SCHEMA "+pgsql.Ident(schema)), pgsql.Literal(schema))
		}
		b.WriteString(ddl + ";\n")
	}
	if !rec.HasAlembic {
		create(orPublic(s.AlembicSchema), s.alembicDDL())
	}
	if !rec.HasJournal {
		create(orPublic(s.JournalSchema), s.journalDDL())
	}
	return b.String()
}

// Advance locks alembic_version until tx ends and sets its one row from the
// revision id from to the id to; "" stands for no row, and from equal to to
// checks and locks alone. If the table holds anything else than from, the error
// is a *ConflictError and nothing was changed.
//
// Readers are not kept waiting. Another writer is, Alembic included: its own
// UPDATE then finds that the row it wants is gone.
func (s Store) Advance(ctx context.Context, tx Querier, from, to string) error {
	var b pgx.Batch
	outcome := s.QueueAdvance(&b, from, to)
	return outcome(tx.SendBatch(ctx, &b).Close())
}

// QueueAdvance puts what Advance does into a batch. The function it returns makes
// Advance's error of the one with which the batch was closed.
func (s Store) QueueAdvance(b *pgx.Batch, from, to string) (outcome func(error) error) {
	var have []string
	known := false
	b.Queue(s.lockSQL())
	b.Queue(s.readSQL()).Query(func(rows pgx.Rows) (err error) {
		have, err = pgx.CollectRows(rows, pgx.RowTo[string])
		known = err == nil
		return err
	})
	if from != to {
		sql, args := s.setSQL(from, to)
		b.Queue(sql, args...)
	}
	return func(err error) error {
		switch {
		case known && (from == "" && len(have) > 0 || from != "" && (len(have) != 1 || have[0] != from)):
			return &ConflictError{Want: from, Have: have}
		case err != nil:
			return fmt.Errorf("locking and setting %s: %w", s.alembic(), err)
		}
		return nil
	}
}

// Set makes the revision id the one row of alembic_version, whatever it holds;
// "" empties it.
func (s Store) Set(ctx context.Context, tx Querier, id string) error {
	if _, err := tx.Exec(ctx, s.lockSQL()); err != nil {
		return fmt.Errorf("locking %s: %w", s.alembic(), err)
	}
	if _, err := tx.Exec(ctx, "DELETE FROM "+s.alembic()); err != nil {
		return fmt.Errorf("emptying %s: %w", s.alembic(), err)
	}
	if id == "" {
		return nil
	}
	return s.set(ctx, tx, "", id)
}

func (s Store) lockSQL() string {
	return "LOCK TABLE " + s.alembic() + " IN SHARE ROW EXCLUSIVE MODE"
}

func (s Store) readSQL() string {
	return "SELECT COALESCE(version_num::text, '') FROM " + s.alembic() + " ORDER BY 1"
}

func (s Store) set(ctx context.Context, tx Querier, from, to string) error {
	sql, args := s.setSQL(from, to)
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("setting %s to %q: %w", s.alembic(), to, err)
	}
	return nil
}

func (s Store) setSQL(from, to string) (string, []any) {
	switch {
	case from == "":
		return "INSERT INTO " + s.alembic() + " (version_num) VALUES ($1)", []any{to}
	case to == "":
		return "DELETE FROM " + s.alembic() + " WHERE version_num::text = $1::text", []any{from}
	default:
		return "UPDATE " + s.alembic() + " SET version_num = $2 WHERE version_num::text = $1::text", []any{from, to}
	}
}

// AdvanceScript is Advance as a statement of a psql script. It fails if the
// table holds anything else than from.
func (s Store) AdvanceScript(from, to string) string {
	count := "SELECT count(*) FROM " + s.alembic()
	ok := "(" + count + ") = 0"
	if from != "" {
		ok = "(" + count + ") = 1 AND (" + count + " WHERE version_num::text = " + pgsql.Literal(from) + ") = 1"
	}
	sql, args := s.setSQL(from, to)
	sql = withLiterals(sql, args)
	if from == to {
		sql = "NULL"
	}
	return s.lockSQL() + ";\n" + doBlock(fmt.Sprintf("    IF NOT (%s) THEN\n        RAISE EXCEPTION 'alembic_version does not hold what this script starts from: %%', %s;\n    END IF;\n    %s;\n",
		ok, pgsql.Literal(from), sql))
}

// doBlock is a DO of indented statements.
func doBlock(stmts string) string {
	tag := "$do$"
	for n := 1; strings.Contains(stmts, tag); n++ {
		tag = fmt.Sprintf("$do%d$", n)
	}
	return "DO " + tag + "\nBEGIN\n" + stmts + "END\n" + tag + ";\n"
}

// Put inserts the journal's row, or overwrites the one of that version.
func (s Store) Put(ctx context.Context, q Querier, r *migrate.Revision) error {
	var b pgx.Batch
	if err := s.QueuePut(&b, r); err != nil {
		return err
	}
	if err := q.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("recording version %s in %s: %w", r.Version, s.journal(), err)
	}
	return nil
}

// QueuePut puts what Put does into a batch.
func (s Store) QueuePut(b *pgx.Batch, r *migrate.Revision) error {
	args, err := putArgs(r)
	if err != nil {
		return err
	}
	b.Queue(s.putParamsSQL(), args...)
	return nil
}

// QueueAppend is QueuePut for a row whose last partial hash is all that the
// journal's row lacks: the others, which grow with each statement, are not sent again.
func (s Store) QueueAppend(b *pgx.Batch, r *migrate.Revision) error {
	last := *r
	last.PartialHashes = r.PartialHashes[len(r.PartialHashes)-1:]
	args, err := putArgs(&last)
	if err != nil {
		return err
	}
	const put, add = "partial_hashes = EXCLUDED.partial_hashes", "partial_hashes = COALESCE(" + journalTable + ".partial_hashes, '[]') OPERATOR(pg_catalog.||) EXCLUDED.partial_hashes"
	b.Queue(strings.Replace(s.putParamsSQL(), put, add, 1), args...)
	return nil
}

func (s Store) putParamsSQL() string {
	values := make([]string, len(journalColumns))
	for i := range values {
		values[i] = fmt.Sprintf("$%d", i+1)
		if journalColumns[i].typ == "jsonb" {
			values[i] += "::text::jsonb"
		}
	}
	return s.putSQL(putNames(), values)
}

// PutScript is Put as a statement of a psql script. The row's times are the
// server's.
func (s Store) PutScript(r *migrate.Revision) string {
	args, err := putArgs(r)
	if err != nil {
		return "" // a revision of strings always marshals
	}
	values := make([]string, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case nil:
			values[i] = "NULL"
		case string:
			values[i] = pgsql.Literal(a)
		case int64:
			values[i] = fmt.Sprint(a)
		default:
			values[i] = "now()"
		}
	}
	return s.putSQL(putNames(), values) + ";\n"
}

// A Mark identifies what a session wrote to a row of the journal. Any later write gives the row another one. "" marks a
// row that isn't there.
type Mark string

// QueueMark puts into a batch the reading of the mark that a version's row has. It belongs after QueueAdvance, whose lock
// all writers of the journal take first. got is set when the batch is closed.
func (s Store) QueueMark(b *pgx.Batch, version string, got *Mark) {
	*got = ""
	b.Queue("SELECT xmin::text FROM "+s.journal()+" WHERE version::text OPERATOR(pg_catalog.=) $1::text", version).
		Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{(*string)(got)}, func() error { return nil })
			return err
		})
}

// QueueConfirm puts into a batch a query that fails unless alembic_version holds id alone ("" for no row) and the version's row
// in the journal is r, or is gone if r is nil. A write's row count is no proof: triggers, rules and row security may turn it
// into nothing or into something else. What is deferred must have run before. mark is set when the batch is closed.
//
// The query fails with a division by zero, which [Store.Unwritten] explains.
func (s Store) QueueConfirm(b *pgx.Batch, id, version string, r *migrate.Revision, mark *Mark) {
	*mark = ""
	confirmed, args := s.confirmedSQL(id, version, r)
	sql := "SELECT COALESCE((SELECT xmin::text FROM " + s.journal() + " WHERE version::text OPERATOR(pg_catalog.=) $1::text), ''),\n" +
		"1 OPERATOR(pg_catalog./) CASE WHEN " + confirmed + " THEN 1 ELSE 0 END"
	b.Queue(sql, args...).QueryRow(func(row pgx.Row) error { return row.Scan((*string)(mark), nil) })
}

// confirmedSQL is the condition of QueueConfirm, whose first parameter is the version.
func (s Store) confirmedSQL(id, version string, r *migrate.Revision) (sql string, args []any) {
	alembic, args := "NOT EXISTS (SELECT FROM "+s.alembic()+")", []any{version}
	if id != "" {
		args = append(args, id)
		alembic = "ARRAY(SELECT version_num::text FROM " + s.alembic() + ") OPERATOR(pg_catalog.=) ARRAY[$2::text]"
	}
	row := "NOT EXISTS (SELECT FROM " + s.journal() + " WHERE version::text OPERATOR(pg_catalog.=) $1::text)"
	if r != nil {
		n := len(args)
		args = append(args, int64(r.Type), int64(r.Applied), int64(r.Total), r.Hash, r.Error, int32(len(r.PartialHashes)))
		row = fmt.Sprintf(`EXISTS (SELECT FROM %s WHERE version::text OPERATOR(pg_catalog.=) $1::text AND type OPERATOR(pg_catalog.=) $%d
	AND applied OPERATOR(pg_catalog.=) $%d AND total OPERATOR(pg_catalog.=) $%d AND hash::text OPERATOR(pg_catalog.=) $%d::text
	AND COALESCE(error, '') OPERATOR(pg_catalog.=) $%d AND COALESCE(pg_catalog.jsonb_array_length(partial_hashes), 0) OPERATOR(pg_catalog.=) $%d)`,
			s.journal(), n+1, n+2, n+3, n+4, n+5, n+6)
	}
	return alembic + "\nAND " + row, args
}

// ConfirmScript is QueueConfirm as a statement of a psql script.
func (s Store) ConfirmScript(id, version string, r *migrate.Revision) string {
	sql, args := s.confirmedSQL(id, version, r)
	sql = withLiterals(sql, args)
	e := s.unwritten()
	e.By = []string{"a trigger, a rule or row security on them"}
	return doBlock("    IF NOT (" + sql + ") THEN\n        RAISE EXCEPTION " + pgsql.Literal(strings.ReplaceAll(e.Error(), "%", "%%")) + ";\n    END IF;\n")
}

// withLiterals is a statement with its parameters, of which there are fewer than ten, written into it.
func withLiterals(sql string, args []any) string {
	var pairs []string
	for i, a := range args {
		value := fmt.Sprint(a)
		if text, ok := a.(string); ok {
			value = pgsql.Literal(text)
		}
		pairs = append(pairs, fmt.Sprintf("$%d", i+1), value)
	}
	return strings.NewReplacer(pairs...).Replace(sql)
}

func (s Store) unwritten() *UnwrittenError {
	return &UnwrittenError{Tables: s.alembic() + " and " + s.journal()}
}

// Unwritten explains why the record was not what had been written to it, once that transaction has ended. It returns an
// *UnwrittenError.
func (s Store) Unwritten(ctx context.Context, q Querier) error {
	e := s.unwritten()
	rows, err := q.Query(ctx, `
SELECT pg_catalog.format('trigger %I on %s', tgname, tgrelid::pg_catalog.regclass)
  FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid IN ($1::pg_catalog.regclass, $2::pg_catalog.regclass)
 UNION ALL SELECT pg_catalog.format('rule %I on %s', rulename, ev_class::pg_catalog.regclass)
  FROM pg_catalog.pg_rewrite WHERE ev_class IN ($1::pg_catalog.regclass, $2::pg_catalog.regclass)
 UNION ALL SELECT pg_catalog.format('row security of %s', oid::pg_catalog.regclass)
  FROM pg_catalog.pg_class WHERE relrowsecurity AND oid IN ($1::pg_catalog.regclass, $2::pg_catalog.regclass)
 ORDER BY 1`, s.alembic(), s.journal())
	if err == nil {
		e.By, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return fmt.Errorf("%w (what changes it could not be read: %w)", e, err)
	}
	return e
}

// Delete deletes the journal's row of that version.
func (s Store) Delete(ctx context.Context, q Querier, version string) error {
	var b pgx.Batch
	s.QueueDelete(&b, version)
	if err := q.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("deleting version %s from %s: %w", version, s.journal(), err)
	}
	return nil
}

// QueueDelete puts what Delete does into a batch.
func (s Store) QueueDelete(b *pgx.Batch, version string) {
	b.Queue("DELETE FROM "+s.journal()+" WHERE version::text = $1::text", version)
}

// DeleteScript is Delete as a statement of a psql script.
func (s Store) DeleteScript(version string) string {
	return "DELETE FROM " + s.journal() + " WHERE version::text = " + pgsql.Literal(version) + ";\n"
}

func putNames() []string {
	names := make([]string, len(journalColumns))
	for i, c := range journalColumns {
		names[i] = pgsql.Ident(c.name)
	}
	return names
}

func (s Store) putSQL(names, values []string) string {
	var sets []string
	for _, n := range names[1:] {
		sets = append(sets, n+" = EXCLUDED."+n)
	}
	return "INSERT INTO " + s.journal() + " (" + strings.Join(names, ", ") + ")\nVALUES (" + strings.Join(values, ", ") + ")\n" +
		"ON CONFLICT (version) DO UPDATE SET " + strings.Join(sets, ", ")
}

// putArgs returns the row's values in the order of journalColumns.
func putArgs(r *migrate.Revision) ([]any, error) {
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	var partial any
	if len(r.PartialHashes) > 0 {
		b, err := json.Marshal(r.PartialHashes)
		if err != nil {
			return nil, fmt.Errorf("recording version %s: %w", r.Version, err)
		}
		partial = string(b)
	}
	return []any{
		r.Version, r.Description, int64(r.Type), int64(r.Applied), int64(r.Total), r.ExecutedAt, int64(r.ExecutionTime),
		orNull(r.Error), orNull(r.ErrorStmt), r.Hash, partial, r.OperatorVersion,
	}, nil
}
