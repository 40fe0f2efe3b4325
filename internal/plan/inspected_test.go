package plan

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/tools/txtar"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// TestInspected inspects the schemas in inspected_test.txtar. Nothing is planned then. The file creates the same tables
// again, and if it loses its tables, the down files create them.
func TestInspected(t *testing.T) {
	from(t, 15) // multiranges and negative scales
	archive, err := txtar.ParseFile("inspected_test.txtar")
	if err != nil {
		t.Fatal(err)
	}
	properties := regexp.MustCompile(`(?m)^# Outside this file.*: \d+ (?:exclusion |identity |.* with )`)
	for _, file := range archive.Files {
		t.Run(file.Name, func(t *testing.T) {
			t.Parallel()
			sql := string(file.Data)
			db := pgtest.New(t)
			db.Exec(sql)
			p := newProject(t)
			opts := p.config().Options
			hcl := inspected(t, db.Conn().Config(), opts)
			live, err := catalog.Read(t.Context(), db.Conn(), opts)
			if err != nil {
				t.Fatal(err)
			}
			p.HCL = hcl
			p.Write(map[string]string{"20250101000000_base.sql": sql})
			pl, err := Make(t.Context(), p.config())
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range pl.Files {
				t.Errorf("planned for an untouched schema: %s\n%s", f.Name, f.SQL)
			}
			p.HCL, p.rename = regexp.MustCompile(`(?ms)^table .*?^}\n`).ReplaceAll(hcl, nil), online.RenameNone
			if _, err := Make(t.Context(), p.config()); err != nil && !strings.Contains(sql, "CREATE VIEW") {
				t.Errorf("without the tables: %v", err)
			}

			if properties.Match(hcl) {
				return // the file doesn't say everything
			}
			p = newProject(t)
			if before, _, _ := strings.Cut(sql, "CREATE TABLE"); before != "" {
				p.Write(map[string]string{"20250101000000_base.sql": before})
			}
			p.HCL = hcl
			p.plan()
			dir := p.config().Dir
			s, err := state.Replay(t.Context(), pgtest.Server(t), dir, len(dir.Files())-1, opts)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			want, _ := state.Split(live)
			have, _ := state.Split(s.Catalog)
			if diff := cmp.Diff(want.Lines(), have.Lines()); diff != "" {
				t.Errorf("created again (-live +created):\n%s", diff)
			}
		})
	}
}

// inspected inspects a database. The file must create the same schema; a failed test logs it.
func inspected(t *testing.T, conn *pgx.ConnConfig, opts catalog.Options) []byte {
	t.Helper()
	hcl, err := state.Inspect(t.Context(), conn, opts, state.CheckOn(func(context.Context) (*devdb.Server, error) { return pgtest.Server(t), nil }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", hcl)
		}
	})
	if m := regexp.MustCompile(`(?m)^# (?:Different|Not checked).*`).Find(hcl); m != nil {
		t.Errorf("%s", m)
	}
	return hcl
}

// created creates a database by SQL.
func created(t *testing.T, sql string) *state.State {
	t.Helper()
	s, err := state.New(t.Context(), pgtest.Server(t), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	stmts, err := pgsql.Split(sql)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), stmts, false, "database.sql"); err != nil {
		t.Fatal(err)
	}
	return s
}

// thereAndBack applies planned files to a database, which then is as the schema file wants it, and reverts them. Each
// statement must belong to the edit of the file.
func thereAndBack(t *testing.T, live *state.State, files []File, want catalog.Catalog, belongs func(sql string) bool) {
	t.Helper()
	ctx, before := t.Context(), live.Catalog
	for _, f := range files {
		for _, s := range f.up.Stmts {
			if !belongs(s.Text) {
				t.Errorf("more than the edit is planned: %s", s.Text)
			}
		}
		if err := live.Run(ctx, f.up.Stmts, f.up.TxNone, f.Name); err != nil {
			t.Fatalf("%v\n%s", err, f.SQL)
		}
	}
	if err := live.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	have, _ := state.Split(live.Catalog)
	if diff := cmp.Diff(want.Lines(), have.Lines()); diff != "" {
		t.Errorf("applied (-want +have):\n%s", diff)
	}
	for _, f := range slices.Backward(files) {
		if err := live.Run(ctx, f.down.Stmts, f.down.TxNone, f.down.File); err != nil {
			t.Fatalf("%v\n%s", err, f.Draft.Down)
		}
	}
	if err := live.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Lines(), live.Catalog.Lines()); diff != "" {
		t.Errorf("reverted (-before +after):\n%s", diff)
	}
}
