package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// withRows runs a plan on a database that has rows, and back, and tells what becomes of
// them. Every file must do to the catalog what it did to the empty one.
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
	for _, f := range pl.Files {
		if err := s.Run(ctx, f.up.stmts, f.up.txNone, f.Name); err != nil {
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
			t.Errorf("%s gives something else where there are rows: %v", f.Name, catalog.Diff(want, s.Catalog))
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
		if f.down.none {
			return b.String() + "no way back\n"
		}
		if err := s.Run(ctx, f.down.stmts, f.down.txNone, f.down.file); err != nil {
			return b.String() + failure(t, f.down.file, err)
		}
		if err := s.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		if !s.Catalog.Equal(states[i]) {
			t.Errorf("%s does not lead back where there are rows: %v", f.down.file, catalog.Diff(states[i], s.Catalog))
		}
	}
	fmt.Fprintf(&b, "back: %s\n", countRows(t, s.Conn()))
	return b.String()
}

func failure(t *testing.T, file string, err error) string {
	t.Helper()
	var stmt *state.StmtError
	if !errors.As(err, &stmt) {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s fails: %s\n", file, state.Message(stmt.Err))
}

// countRows lists the tables with the number of their rows.
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
