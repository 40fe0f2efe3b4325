package revision

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Create creates the tables that rec lacks, and their schemas if they are missing. Call it in the transaction that
// writes the first rows.
func (s Store) Create(ctx context.Context, tx Querier, rec Record) error {
	if !rec.HasAlembic {
		if err := s.create(ctx, tx, orPublic(s.AlembicSchema), s.AlembicDDL(rec)); err != nil {
			return fmt.Errorf("creating %s: %w", s.alembic(), err)
		}
	}
	if !rec.HasJournal {
		if err := s.create(ctx, tx, orPublic(s.JournalSchema), s.JournalDDL()); err != nil {
			return fmt.Errorf("creating %s: %w", s.journal(), err)
		}
	}
	return nil
}

// create checks for the schema first, because CREATE SCHEMA IF NOT EXISTS needs the privilege to create schemas even if
// it exists.
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

// CreateScript returns what Create does, as statements of a psql script.
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
		create(orPublic(s.AlembicSchema), s.AlembicDDL(rec))
	}
	if !rec.HasJournal {
		create(orPublic(s.JournalSchema), s.JournalDDL())
	}
	return b.String()
}

// Advance locks alembic_version until tx ends and changes its one row from the revision id from to the id to; "" means
// no row, and if the two are equal it only checks and locks. If the table doesn't hold from alone, the error is a
// *ConflictError and nothing was changed.
//
// Readers don't wait. Other writers do, including Alembic, whose UPDATE then doesn't find its row.
func (s Store) Advance(ctx context.Context, tx Querier, from, to string) error {
	if _, err := tx.Exec(ctx, s.lockSQL()); err != nil {
		return fmt.Errorf("locking %s: %w", s.alembic(), err)
	}
	rows, err := tx.Query(ctx, s.readSQL())
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.alembic(), err)
	}
	have, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.alembic(), err)
	}
	if !holds(have, from) {
		slices.Sort(have)
		return &ConflictError{Want: from, Have: have}
	}
	if from == to {
		return nil
	}
	return s.set(ctx, tx, from, to)
}

// holds reports whether the rows of alembic_version are the revision id alone, or none if that is "".
func holds(rows []string, id string) bool {
	if id == "" {
		return len(rows) == 0
	}
	return len(rows) == 1 && rows[0] == id
}

// AdvanceSQL returns the statements that Advance runs. They don't stop at a conflict, which Advanced reports.
func (s Store) AdvanceSQL(from, to string) []string {
	sql := []string{s.lockSQL(), s.readSQL()}
	if from != to {
		sql = append(sql, s.setSQL(from, to))
	}
	return sql
}

// Advanced returns Advance's error. results are those of AdvanceSQL's statements that succeeded, and err is the error
// of the next one.
func (s Store) Advanced(from string, results []*pgconn.Result, err error) error {
	if len(results) > 1 {
		var have []string
		for _, row := range results[1].Rows {
			have = append(have, string(row[0]))
		}
		if !holds(have, from) {
			slices.Sort(have)
			return &ConflictError{Want: from, Have: have}
		}
	}
	if err != nil {
		return fmt.Errorf("locking and setting %s: %w", s.alembic(), err)
	}
	return nil
}

// Set replaces the rows of alembic_version by the revision id, or by none if that is "".
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
	return "SELECT COALESCE(version_num::pg_catalog.text, '') FROM " + s.alembic()
}

func (s Store) set(ctx context.Context, tx Querier, from, to string) error {
	if _, err := tx.Exec(ctx, s.setSQL(from, to)); err != nil {
		return fmt.Errorf("setting %s to %q: %w", s.alembic(), to, err)
	}
	return nil
}

func (s Store) setSQL(from, to string) string {
	where := " WHERE version_num::pg_catalog.text OPERATOR(pg_catalog.=) " + pgsql.Literal(from)
	switch {
	case from == "":
		return "INSERT INTO " + s.alembic() + " (version_num) VALUES (" + pgsql.Literal(to) + ")"
	case to == "":
		return "DELETE FROM " + s.alembic() + where
	default:
		return "UPDATE " + s.alembic() + " SET version_num = " + pgsql.Literal(to) + where
	}
}

// AdvanceScript returns what Advance does, as statements of a psql script.
func (s Store) AdvanceScript(from, to string) string {
	sql := s.setSQL(from, to)
	if from == to {
		sql = "NULL"
	}
	return s.lockSQL() + ";\n" + doBlock(fmt.Sprintf("    IF NOT (%s) THEN\n        RAISE EXCEPTION 'alembic_version doesn''t hold the revision that this script starts from: %%', %s;\n    END IF;\n    %s;\n",
		s.alembicIs(from), pgsql.Literal(from), sql))
}

// UnchangedScript returns a statement of a psql script that fails unless a version's row in the journal is as it was
// read: the same number of its statements, and of the batches of the next one, have run, or it doesn't exist if r is
// nil. It belongs after AdvanceScript, whose lock all writers of the journal take first.
func (s Store) UnchangedScript(version string, r *migrate.Revision) string {
	r = stored(r)
	unchanged := "NOT EXISTS (SELECT FROM " + s.journal() + " WHERE " + versionIs(version) + ")"
	if r != nil {
		note := ""
		if n := len(r.PartialHashes); n >= r.Applied && r.Applied > 0 {
			if _, ok := batch.ParseNote(r.PartialHashes[r.Applied-1]); ok {
				note = fmt.Sprintf(" AND partial_hashes OPERATOR(pg_catalog.->>) %d OPERATOR(pg_catalog.=) %s", r.Applied-1, pgsql.Literal(r.PartialHashes[r.Applied-1]))
			}
		}
		unchanged = fmt.Sprintf("EXISTS (SELECT FROM %s WHERE %s AND CASE partial_hashes OPERATOR(pg_catalog.->>) 0 WHEN '%s' THEN pg_catalog.jsonb_array_length(partial_hashes) ELSE applied END OPERATOR(pg_catalog.=) %d%s)",
			s.journal(), versionIs(version), oldDownMark, r.Applied, note)
	}
	changed := "version % has changed in " + strings.ReplaceAll(s.journal(), "%", "%%") + " since this script was printed: print it again"
	return doBlock("    IF NOT (" + unchanged + ") THEN\n        RAISE EXCEPTION " + pgsql.Literal(changed) + ", " + pgsql.Literal(version) + ";\n    END IF;\n")
}

// NoteSQL returns an expression of the note of the batch that a row's next statement has begun, as text, and an UPDATE
// that replaces the note was by the note now, both expressions.
func (s Store) NoteSQL(r *migrate.Revision, was, now string) (read, write string) {
	i := r.Applied
	where := fmt.Sprintf("%s AND applied OPERATOR(pg_catalog.=) %d", versionIs(r.Version), stored(r).Applied)
	note := fmt.Sprintf("partial_hashes OPERATOR(pg_catalog.->>) %d", i)
	read = fmt.Sprintf("(SELECT %s FROM %s WHERE %s)", note, s.journal(), where)
	write = fmt.Sprintf("UPDATE %s SET partial_hashes = pg_catalog.jsonb_set(partial_hashes, '{%d}', pg_catalog.to_jsonb(%s)) WHERE %s AND %s OPERATOR(pg_catalog.=) %s",
		s.journal(), i, now, where, note, was)
	return read, write
}

// HoldScript returns statements of PL/pgSQL that do what Advance does if the revision stays.
func (s Store) HoldScript(id string) string {
	return fmt.Sprintf("%s;\nIF NOT (%s) THEN RAISE EXCEPTION 'alembic_version doesn''t hold the revision that this script starts from: %%', %s; END IF;", s.lockSQL(), s.alembicIs(id), pgsql.Literal(id))
}

// doBlock returns a DO statement that runs indented statements.
func doBlock(stmts string) string {
	tag := "$do$"
	for n := 1; strings.Contains(stmts, tag); n++ {
		tag = fmt.Sprintf("$do%d$", n)
	}
	return "DO " + tag + "\nBEGIN\n" + stmts + "END\n" + tag + ";\n"
}

// Put inserts a row into the journal, or overwrites the one of that version.
func (s Store) Put(ctx context.Context, q Querier, r *migrate.Revision) error {
	if _, err := q.Exec(ctx, s.PutSQL(r)); err != nil {
		return fmt.Errorf("recording version %s in %s: %w", r.Version, s.journal(), err)
	}
	return nil
}

// PutSQL returns the statement that Put runs. A zero ExecutedAt stands for the server's time.
func (s Store) PutSQL(r *migrate.Revision) string {
	r = stored(r)
	orNull := func(text string) string {
		if text == "" {
			return "NULL"
		}
		return pgsql.Literal(text)
	}
	at, partial := "pg_catalog.now()", "NULL"
	if !r.ExecutedAt.IsZero() {
		at = pgsql.Literal(r.ExecutedAt.UTC().Format("2006-01-02 15:04:05.999999Z07:00"))
	}
	if len(r.PartialHashes) > 0 {
		text, _ := json.Marshal(r.PartialHashes) // marshaling strings can't fail
		partial = pgsql.Literal(string(text))
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	values := []string{
		pgsql.Literal(r.Version), pgsql.Literal(r.Description), number(int64(r.Type)), number(int64(r.Applied)), number(int64(r.Total)), at,
		number(int64(r.ExecutionTime)), orNull(r.Error), orNull(r.ErrorStmt), pgsql.Literal(r.Hash), partial, pgsql.Literal(r.OperatorVersion),
	}
	var names, sets []string
	for _, c := range journalColumns {
		name := pgsql.Ident(c.name)
		names, sets = append(names, name), append(sets, name+" = EXCLUDED."+name)
	}
	return "INSERT INTO " + s.journal() + " (" + strings.Join(names, ", ") + ")\nVALUES (" + strings.Join(values, ", ") + ")\n" +
		"ON CONFLICT (version) DO UPDATE SET " + strings.Join(sets[1:], ", ")
}

// CountSQL returns a statement that changes how many statements have run, and how long, in a row of the journal. The
// server doesn't write the partial hashes again.
func (s Store) CountSQL(r *migrate.Revision) string {
	return fmt.Sprintf("UPDATE %s SET applied = %d, execution_time = %d WHERE %s", s.journal(), r.Applied, r.ExecutionTime, versionIs(r.Version))
}

// A Mark identifies a write to a row of the journal. Any later write gives the row another mark. "" is the mark of a
// row that doesn't exist.
type Mark string

// MarkSQL returns a query for the mark of a version's row. Run it after AdvanceSQL, whose lock all writers of the
// journal take first.
func (s Store) MarkSQL(version string) string {
	return "SELECT COALESCE((SELECT xmin::pg_catalog.text FROM " + s.journal() + " WHERE " + versionIs(version) + "), '')"
}

func versionIs(version string) string {
	return "version::pg_catalog.text OPERATOR(pg_catalog.=) " + pgsql.Literal(version)
}

// ConfirmSQL returns a query that fails unless alembic_version holds id alone ("" for no row) and the version's row in
// the journal is r, or doesn't exist if r is nil. A write's row count proves nothing, because triggers, rules and row
// security may change or suppress the write. Deferred triggers must have run before. The query returns the row's mark.
// counted says that CountSQL wrote the row: its partial hashes are compared at most 64 times per file, because reading
// them takes time in proportion to their number.
//
// It fails with a division by zero, which [Store.Unwritten] explains.
func (s Store) ConfirmSQL(id, version string, r *migrate.Revision, counted bool) string {
	if r == nil {
		return "SELECT '', 1 OPERATOR(pg_catalog./) CASE WHEN " + s.confirmed(id, version, r, counted) + " THEN 1 ELSE 0 END"
	}
	return "SELECT pg_catalog.min(xmin::pg_catalog.text), 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM " + s.journal() +
		" WHERE " + rowIs(version, r, counted) + " AND " + s.alembicIs(id)
}

// confirmed returns the condition of ConfirmSQL.
func (s Store) confirmed(id, version string, r *migrate.Revision, counted bool) string {
	row := "NOT EXISTS (SELECT FROM " + s.journal() + " WHERE " + versionIs(version) + ")"
	if r != nil {
		row = "EXISTS (SELECT FROM " + s.journal() + " WHERE " + rowIs(version, r, counted) + ")"
	}
	return s.alembicIs(id) + " AND " + row
}

// alembicIs returns the condition that the table holds id alone, or no row if that is "".
func (s Store) alembicIs(id string) string {
	if id == "" {
		return "NOT EXISTS (SELECT FROM " + s.alembic() + ")"
	}
	return "ARRAY(SELECT version_num::pg_catalog.text FROM " + s.alembic() + ") OPERATOR(pg_catalog.=) ARRAY[" + pgsql.Literal(id) + "]"
}

// rowIs returns the condition that a row of the journal is r. It is one comparison, which the server plans in a third
// of the time of many. Of the partial hashes it compares the number and that of the last statement that has run.
func rowIs(version string, r *migrate.Revision, counted bool) string {
	r = stored(r)
	columns := "type, applied, total, hash, description, COALESCE(error, ''), COALESCE(error_stmt, '')"
	want := fmt.Sprintf("%d %d %d %s %s %s %s", r.Type, r.Applied, r.Total, r.Hash, r.Description, r.Error, r.ErrorStmt)
	if n := len(r.PartialHashes); !counted || r.Applied%(n/64+1) == 0 {
		last := ""
		if n > 0 {
			last = r.PartialHashes[(r.Applied+n-1)%n]
		}
		columns = fmt.Sprintf("COALESCE(pg_catalog.jsonb_array_length(partial_hashes), 0), COALESCE(partial_hashes OPERATOR(pg_catalog.->>) %d, ''), ", r.Applied-1) + columns
		want = fmt.Sprintf("%d %s ", n, last) + want
	}
	return versionIs(version) + " AND pg_catalog.concat_ws(' ', " + columns + ") OPERATOR(pg_catalog.=) " + pgsql.Literal(want)
}

// ConfirmScript is like ConfirmSQL, but returns a statement of a psql script.
func (s Store) ConfirmScript(id, version string, r *migrate.Revision, counted bool) string {
	e := s.unwritten()
	e.By = []string{"a trigger, a rule or row security on them"}
	return doBlock("    IF NOT (" + s.confirmed(id, version, r, counted) + ") THEN\n        RAISE EXCEPTION " + pgsql.Literal(strings.ReplaceAll(e.Error(), "%", "%%")) + ";\n    END IF;\n")
}

func (s Store) unwritten() *UnwrittenError {
	return &UnwrittenError{Tables: s.alembic() + " and " + s.journal()}
}

// Unwritten returns an *UnwrittenError that says why the record didn't hold what was written to it. Call it after the
// transaction has ended.
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
		return fmt.Errorf("%w (and finding what changes them failed: %w)", e, err)
	}
	return e
}

// Delete deletes the journal's row of that version.
func (s Store) Delete(ctx context.Context, q Querier, version string) error {
	if _, err := q.Exec(ctx, s.DeleteSQL(version)); err != nil {
		return fmt.Errorf("deleting version %s from %s: %w", version, s.journal(), err)
	}
	return nil
}

// DeleteSQL returns the statement that Delete runs.
func (s Store) DeleteSQL(version string) string {
	return "DELETE FROM " + s.journal() + " WHERE " + versionIs(version)
}
