package plan

import (
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// TestSQLTypes plans types written as SQL for a new column, a changed one and a new table, each with everything that
// the type says. Then there is nothing left to do, and neither for the output of inspection.
func TestSQLTypes(t *testing.T) {
	t.Parallel()
	const before = `schema "public" {
}
table "old" {
  schema = schema.public
  column "changed" {
    type = text
    null = true
  }
}
`
	for _, tt := range []struct{ hcl, sql string }{
		{`text COLLATE \"C\"`, `text COLLATE "C"`},
		{`character varying COLLATE \"C\"`, `character varying COLLATE "C"`},
		{`character varying(40) COLLATE \"C\"`, `character varying(40) COLLATE "C"`},
		{`character varying(40)[] COLLATE \"C\"`, `character varying(40)[] COLLATE "C"`},
		{`timestamp(3) with time zone`, `timestamp(3) with time zone`},
	} {
		t.Run(tt.sql, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.start([]byte(before))
			typ := `sql("` + tt.hcl + `")`
			column := "  column \"added\" {\n    type = " + typ + "\n    null = true\n  }\n"
			after := strings.Replace(before, "  column \"changed\"", column+"  column \"changed\"", 1) +
				"table \"new\" {\n  schema = schema.public\n" + column + "}\n"
			if castable := !strings.Contains(tt.sql, "["); castable {
				after = strings.Replace(after, "type = text\n", "type = "+typ+"\n", 1)
			}
			p.HCL = []byte(after)
			pl := p.plan()
			var sql string
			for _, f := range pl.Files {
				sql += f.SQL
			}
			if n := strings.Count(after, typ); strings.Count(sql, tt.sql)+strings.Count(sql, strings.Replace(tt.sql, "timestamp(3) with time zone", "timestamptz(3)", 1)) < n {
				t.Errorf("%d columns are %s in\n%s", n, tt.sql, sql)
			}
			p.quiet()

			cfg := p.config()
			s, err := state.Replay(t.Context(), cfg.Server, cfg.Dir, len(cfg.Dir.Files())-1, cfg.Options)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if p.HCL, err = state.Inspect(t.Context(), s.DB.ConnConfig(), cfg.Options, nil); err != nil {
				t.Fatal(err)
			}
			p.quiet()
		})
	}
}

// quiet fails if there is something to plan.
func (p *project) quiet() {
	p.T.Helper()
	pl, err := Make(p.T.Context(), p.config())
	if err != nil {
		p.T.Fatalf("%v\n%s", err, p.HCL)
	}
	for _, f := range pl.Files {
		p.T.Errorf("%s\n%s\nfor\n%s", f.Name, f.SQL, p.HCL)
	}
}
