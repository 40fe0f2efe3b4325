package plan

import (
	"strings"
	"testing"
	"time"
)

// TestSteps follows the steps that plan prints for keys that foreign keys refer to.
func TestSteps(t *testing.T) {
	const (
		unique  = "unique constraint on "
		columns = "  column \"id\" {\n    type = int\n  }\n  column \"n\" {\n    type = int\n  }\n"
	)
	key := func(columns string) string { return "  primary_key {\n    columns = [" + columns + "]\n  }\n" }
	once := func(name, columns, more string) string {
		return "  unique \"" + name + "\" {\n    columns = [" + columns + "]\n" + more + "  }\n"
	}
	file := func(keys, refers string) string {
		s := "schema \"public\" {\n}\ntable \"r\" {\n  schema = schema.public\n" + columns + keys + "}\n" +
			"table \"t\" {\n  schema = schema.public\n  column \"rid\" {\n    type = int\n  }\n"
		if refers != "" {
			s += "  foreign_key \"k\" {\n    columns = [column.rid]\n    ref_columns = [table.r.column." + refers + "]\n  }\n"
		}
		return s + "}\n"
	}
	for _, c := range []struct {
		name, before, after string
		says                []string // a part of each step
		steps               []string
	}{{
		name: "primary key", before: file(key("column.id"), "id"), after: file(key("column.id, column.n")+once("u", "column.id", ""), "id"),
		says:  []string{unique + "(id)", "remove the primary key", "add the primary key"},
		steps: []string{file(key("column.id")+once("u", "column.id", ""), "id"), file(once("u", "column.id", ""), "id")},
	}, {
		name: "primary key and what refers to it", before: file(key("column.id"), "id"), after: file(key("column.n"), "n"),
		says:  []string{unique + "(n)", "refer to the unique constraint", "change the primary key"},
		steps: []string{file(key("column.id")+once("u", "column.n", ""), "id"), file(key("column.id")+once("u", "column.n", ""), "n"), file(key("column.n")+once("u", "column.n", ""), "n")},
	}, {
		name: "primary key that nothing refers to then", before: file(key("column.id"), "id"), after: file(key("column.n"), ""),
		says:  []string{"change only the foreign keys", "change the primary key"},
		steps: []string{file(key("column.id"), "")},
	}, {
		name: "unique on the same columns", before: file(once("u", "column.id", ""), "id"), after: file(once("u", "column.id", "    include = [column.n]\n"), "id"),
		says:  []string{"under another name (u_new)", "move to u_new"},
		steps: []string{file(once("u", "column.id", "")+once("u_new", "column.id", "    include = [column.n]\n"), "id"), file(once("u_new", "column.id", "    include = [column.n]\n"), "id")},
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.start([]byte(c.before))
			p.HCL = []byte(c.after)
			_, err := Make(t.Context(), p.config())
			if err == nil {
				t.Fatal("the plan isn't refused")
			}
			_, steps, _ := strings.Cut(err.Error(), "do it in steps, each applied before the next:\n")
			lines := strings.Split(steps, "\n")
			if len(lines) != len(c.says) {
				t.Fatalf("got %q", err)
			}
			for i, says := range c.says {
				if !strings.Contains(lines[i], says) {
					t.Errorf("step %d is %q, not %q", i+1, lines[i], says)
				}
			}
			all := c.steps
			if len(all) < len(c.says) {
				all = append(all, c.after)
			}
			for _, hcl := range all {
				p.HCL = []byte(hcl)
				p.Now = p.Now.Add(time.Hour)
				if pl := p.plan(); len(pl.Files) == 0 {
					t.Errorf("nothing to do for\n%s", hcl)
				}
			}
			checked(t, p.Base())
		})
	}
}
