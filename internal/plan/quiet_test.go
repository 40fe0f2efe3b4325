package plan

import (
	"os"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// TestQuiet inspects a database into HCL and plans from the SQL that made it: there is
// nothing to do.
func TestQuiet(t *testing.T) {
	sql, err := os.ReadFile("quiet_test.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t)
	db.Exec(string(sql))
	p := newProject(t)
	cfg := p.config()
	if p.hcl, err = state.Inspect(t.Context(), db.Conn().Config(), cfg.Options); err != nil {
		t.Fatal(err)
	}
	p.write(map[string]string{"20250101000000_base.sql": string(sql)})
	pl, err := Make(t.Context(), p.config())
	if err != nil {
		t.Fatalf("%v\n%s", err, p.hcl)
	}
	for _, f := range pl.Files {
		t.Errorf("%s\n%s", f.Name, f.SQL)
	}
	if t.Failed() {
		t.Logf("%s", p.hcl)
	}
}
