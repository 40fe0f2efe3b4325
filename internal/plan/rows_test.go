package plan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// withRows runs a plan and its down files on a database with rows, and reports what becomes of them. Every file must
// change the catalog as it changed that of the empty database.
func withRows(t *testing.T, pl *Plan, rows, query string) string {
	t.Helper()
	ctx := t.Context()
	s, err := state.Replay(ctx, pgtest.Server(t), pl.dir, len(pl.dir.Files())-1, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Conn().Exec(ctx, rows); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "before: %s\n", countRows(t, s.Conn()))
	states := []catalog.Catalog{s.Catalog}
	there := readUse(t, s.Conn())
	for _, f := range pl.Files {
		if err := runOnline(t, s, f, there); err != nil {
			return b.String() + failure(t, f.Name, err)
		}
		if err := s.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		want, err := states[len(states)-1].Apply(f.Effect)
		if err != nil {
			t.Fatal(err)
		}
		if !want.Equal(s.Catalog) {
			t.Errorf("%s has another effect with rows: %v", f.Name, catalog.Diff(want, s.Catalog))
		}
		states = append(states, s.Catalog)
	}
	fmt.Fprintf(&b, "after: %s\n", countRows(t, s.Conn()))
	if query != "" {
		rows, err := s.Conn().Query(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			b.WriteString("  " + l + "\n")
		}
	}
	for i, f := range slices.Backward(pl.Files) {
		if f.down.None {
			return b.String() + "irreversible\n"
		}
		if err := s.Run(ctx, f.down.Stmts, f.down.TxNone, f.down.File); err != nil {
			return b.String() + failure(t, f.down.File, err)
		}
		if err := s.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if !s.Catalog.Equal(states[i]) {
			t.Errorf("%s does not revert its migration with rows: %v", f.down.File, catalog.Diff(states[i], s.Catalog))
		}
	}
	fmt.Fprintf(&b, "back: %s\n", countRows(t, s.Conn()))
	return b.String()
}

func failure(t *testing.T, file string, err error) string {
	t.Helper()
	var stmt *runner.StmtError
	if !errors.As(err, &stmt) {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s fails: %s\n", file, runner.Message(stmt.Err))
}

// countRows returns the tables with the number of their rows.
func countRows(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
SELECT c.oid::regclass || ' ' || (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || c.oid::regclass, false, true, '')))[1]
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace::regnamespace::text !~ '^pg_|^information_schema'
ORDER BY c.oid::regclass::text COLLATE "C"`)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(counts, ", ")
}

// runOnline runs a migration and observes what PostgreSQL does to the tables of before the plan: statements that
// rewrite or scan one under a strong lock must be marked.
func runOnline(t *testing.T, s *state.State, f File, there map[string]use) error {
	t.Helper()
	rewritten, stopped := false, 0
	for _, h := range f.Hazards {
		if h.Query.Empty() {
			continue
		}
		results, err := s.Conn().PgConn().Exec(t.Context(), "BEGIN;\n"+h.Query.String()+"\nROLLBACK").ReadAll()
		if err != nil {
			t.Fatalf("the query in %s fails: %v\n%s", f.Name, err, h.Query)
		}
		if h.Kind == hazard.Violated {
			n, err := strconv.Atoi(string(results[len(results)-2].Rows[0][0]))
			if err != nil {
				t.Fatal(err)
			}
			stopped += n
		}
	}
	for _, stmts := range transactions(f.up) {
		before := readUse(t, s.Conn())
		err := s.Run(t.Context(), stmts, f.up.TxNone, f.Name)
		lost := pgsql.SQLState(err) == "22P02" && strings.Contains(f.SQL, "DROP TYPE ") // an enum's value
		if (lost || slices.Contains([]string{"23502", "23503", "23505", "23514"}, pgsql.SQLState(err))) && stopped == 0 {
			t.Errorf("no query in %s counts the rows that stop it: %v", f.Name, err)
		}
		if err != nil {
			return err
		}
		after := readUse(t, s.Conn())
		for table, b := range before {
			a, ok := after[table]
			if _, old := there[table]; !ok || !old {
				continue
			}
			rewritten = rewritten || a.file != b.file
			locks := slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool { return strings.HasPrefix(s.Text, "ALTER TABLE ") })
			if a.scans != b.scans && !slices.ContainsFunc(f.Hazards, hazard.Hazard.Long) && !slices.ContainsFunc(stmts, func(s pgsql.Stmt) bool {
				return scansOnline(s) && !(locks && strings.HasPrefix(s.Text, "SELECT setval("))
			}) && !indexed(t, s.Conn(), stmts) {
				t.Errorf("%s scans a table without saying so: %s", f.Name, stmts[0].Text)
			}
		}
	}
	if stopped > 0 {
		t.Errorf("the queries in %s count %d rows that don't stop it", f.Name, stopped)
	}
	if marked := strings.Contains(f.SQL, "-- REWRITES "); rewritten != marked {
		t.Errorf("%s rewrites a table: %v, but says %v", f.Name, rewritten, marked)
	}
	return nil
}

// scansOnline reports whether a statement scans tables under a weak lock.
func scansOnline(s pgsql.Stmt) bool {
	return s.Class() != pgsql.Transactional || strings.Contains(s.Text, " VALIDATE CONSTRAINT ") ||
		strings.HasPrefix(s.Text, "ANALYZE ") || strings.HasPrefix(s.Text, "UPDATE ") || // a backfill, whose comment says so
		strings.HasPrefix(s.Text, "SELECT setval(")
}

// indexed reports whether an index finds the numbers that the statements set sequences to, although PostgreSQL reads
// all rows because they are few.
func indexed(t *testing.T, conn *pgx.Conn, stmts []pgsql.Stmt) bool {
	t.Helper()
	for _, s := range stmts {
		m := regexp.MustCompile(`((?:max|min)\([^()]+\))\)? AS number( FROM .+)\) AS (?:highest|lowest) `).FindStringSubmatch(s.Text)
		if m == nil {
			continue
		}
		results, err := conn.PgConn().Exec(t.Context(), "BEGIN; SET LOCAL enable_seqscan = off; EXPLAIN SELECT "+m[1]+m[2]+"; ROLLBACK").ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(fmt.Sprintf("%s", results[2].Rows), "Index Only Scan") {
			return false
		}
	}
	return true
}

// use is how a table is used: its file, and how often it was scanned.
type use struct {
	file  uint32
	scans int64
}

func readUse(t *testing.T, conn *pgx.Conn) map[string]use {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "DO $$ BEGIN IF current_setting('server_version_num')::int >= 150000 THEN PERFORM pg_stat_force_next_flush(); END IF; END $$"); err != nil {
		t.Fatal(err)
	}
	// By OID, because tables may be renamed.
	rows, err := conn.Query(t.Context(), "SELECT c.oid::text, c.relfilenode, coalesce(pg_stat_get_numscans(c.oid), 0) FROM pg_class c WHERE c.relkind = 'r' AND c.oid >= 16384")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]use{}
	var oid string
	var u use
	if _, err := pgx.ForEachRow(rows, []any{&oid, &u.file, &u.scans}, func() error {
		all[oid] = u
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}
