package plan

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
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
			hcl, err := state.Inspect(t.Context(), db.Conn().Config(), opts, func(context.Context) (*devdb.Server, error) { return pgtest.Server(t), nil })
			if err != nil {
				t.Fatal(err)
			}
			if m := regexp.MustCompile(`(?m)^# (?:Different|Not checked).*`).Find(hcl); m != nil && !strings.Contains(string(m), "does not exist") {
				t.Errorf("%s", m)
			}
			live, err := catalog.Read(t.Context(), db.Conn(), opts)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if t.Failed() {
					t.Logf("%s", hcl)
				}
			}()
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
