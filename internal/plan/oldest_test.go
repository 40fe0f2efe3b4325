package plan

import (
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
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
