package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// TestOldest sets a column NOT NULL by NOT NULL ... NOT VALID only if both the project says that its databases have
// that, and the dev server has it.
func TestOldest(t *testing.T) {
	for _, oldest := range []int{0, 17, 18, 19} {
		p := newProject(t)
		p.oldest = oldest
		p.Write(map[string]string{"20250101000000_base.sql": "CREATE TABLE t (a int);\n"})
		p.HCL = []byte("schema \"public\" {}\ntable \"t\" {\n  schema = schema.public\n  column \"a\" { type = int }\n}\n")
		want := "CHECK (a IS NOT NULL) NOT VALID"
		if oldest >= 18 && pgtest.Server(t).VersionNum() >= 180000 {
			want = "NOT NULL a NOT VALID"
		}
		pl := p.plan()
		if !strings.Contains(pl.Files[0].SQL, " ADD CONSTRAINT t_a_not_null "+want+";") {
			t.Errorf("%d: not %s, but %s", oldest, want, pl.Files[0].SQL)
		}
	}
}

// TestRepairNotValid repairs columns to and from NOT NULL constraints that are NOT VALID.
func TestRepairNotValid(t *testing.T) {
	pgtest.Versions(t, "18-")
	const live = "CREATE TABLE t (a int, b int); ALTER TABLE t ADD CONSTRAINT b_not NOT NULL b NOT VALID;\n"
	const wanted = "CREATE TABLE t (a int, b int NOT NULL); ALTER TABLE t ADD CONSTRAINT a_not NOT NULL a NOT VALID;\n"
	replay := func(sql string) *state.State {
		p := newProject(t)
		p.Write(map[string]string{"20250101000000_base.sql": sql})
		s, err := state.Replay(t.Context(), pgtest.Server(t), p.Base().Dir, 0, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	have, want := replay(live), replay(wanted)
	ops, refusals, err := online.Repair(t.Context(), have, want, nil, nil, false)
	if err != nil || len(refusals) > 0 {
		t.Fatal(refusals, err)
	}
	for _, f := range online.Files(ops) {
		for _, s := range f.Up.Statements {
			if _, err := have.Conn().Exec(t.Context(), s.SQL); err != nil {
				t.Fatalf("%s: %v", s.SQL, err)
			}
		}
	}
	if err := have.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Catalog.Lines(), have.Catalog.Lines()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
