package plan

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// randomPairs is how many pairs of schemas are planned; PLAN_PAIRS overrides it.
const randomPairs = 12

// TestRandomPairs plans from nothing to one random schema and on to another. Make proves
// each plan both ways, so that what is asked here is only that it finds one.
func TestRandomPairs(t *testing.T) {
	n := randomPairs
	if s := os.Getenv("PLAN_PAIRS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		before, after := schemas.Example(2*i), schemas.Example(2*i+1)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			for _, s := range []string{before, after, before} {
				p.hcl = []byte(s)
				pl, err := Make(t.Context(), p.config())
				if err != nil {
					t.Fatalf("%v\nfrom\n%s\nto\n%s", err, before, after)
				}
				if err := pl.Write(p.root); err != nil {
					t.Fatal(err)
				}
				p.now = p.now.Add(time.Hour)
			}
			if pl := p.plan(); len(pl.Files) > 0 {
				t.Errorf("there is more to do: %s", pl.Files[0].SQL)
			}
		})
	}
}

// The last one has 58 bytes, so that an index's ix_0_ before it makes 63, the most that
// PostgreSQL keeps.
var names = []string{"a", "b", "user", "Mixed Case", "order", "ünï", "a_rather_long_name_so_that_an_index_of_it_has_63_bytes____"}

// A type may change into its other one and back.
var types = []struct{ hcl, other, def string }{
	{"int", "bigint", "7"},
	{"bigint", "int", "0"},
	{"text", "varchar(20)", `"it's"`},
	{"varchar(10)", "text", `"x"`},
	{"boolean", "boolean", "true"},
	{"numeric(10,2)", "numeric(12,3)", "1.5"},
	{"uuid", "uuid", ""},
	{"jsonb", "jsonb", `"{}"`},
	{"timestamptz", "timestamp", `sql("now()")`},
	{"timestamp(0)", "timestamp(3)", `sql("CURRENT_TIMESTAMP")`},
	{"date", "date", ""},
	{`sql("text[]")`, `sql("text[]")`, ""},
	{"double_precision", "real", "0.5"},
	{"enum.mood", "enum.mood", `"ok"`},
}

// schemas are schema files: up to three tables with what the engine manages, the enum and
// the second schema only where they are needed or by chance. Every table has a column k
// that others refer to.
var schemas = rapid.Custom(func(t *rapid.T) string {
	var b strings.Builder
	tables := rapid.SliceOfNDistinct(rapid.IntRange(0, 3), 1, 3, rapid.ID[int]).Draw(t, "tables")
	slices.Sort(tables)
	for _, n := range tables {
		drawTable(t, &b, n, tables)
	}
	head := "schema \"public\" {\n}\n"
	if slices.Contains(tables, 3) || rapid.Bool().Draw(t, "schema") {
		head += "schema \"Other\" {\n}\n"
	}
	if strings.Contains(b.String(), "enum.mood") || rapid.Bool().Draw(t, "enum") {
		head += "enum \"mood\" {\n  schema = schema.public\n  values = [\"sad\", \"ok\"]\n}\n"
	}
	return head + b.String()
})

func drawTable(t *rapid.T, b *strings.Builder, n int, tables []int) {
	schema := "public"
	if n == 3 {
		schema = "Other"
	}
	yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
	fmt.Fprintf(b, "table %q {\n  schema = schema.%s\n", tableNames[n], schema)
	if yes("comment") {
		fmt.Fprintf(b, "  comment = %q\n", rapid.SampledFrom([]string{"it's", "über; --"}).Draw(t, "text"))
	}
	b.WriteString("  column \"k\" {\n    type = int\n  }\n")
	columns := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, len(names), rapid.ID[string]).Draw(t, "columns")
	for _, c := range columns {
		typ := types[(n*5+slices.Index(names, c)*3)%len(types)]
		if yes("other") {
			typ.hcl = typ.other
		}
		// Where there are rows, a column that is new and NOT NULL needs a default.
		byDefault := typ.def != "" && yes("default")
		fmt.Fprintf(b, "  column %q {\n    type = %s\n    null = %v\n", c, typ.hcl, !byDefault || yes("null"))
		if byDefault {
			fmt.Fprintf(b, "    default = %s\n", typ.def)
		}
		b.WriteString("  }\n")
		indexable := !strings.Contains(typ.hcl, "jsonb")
		ref := fmt.Sprintf("column[%q]", c)
		name := fmt.Sprintf("ix_%d_%s", n, c)
		if indexable && yes("index") {
			fmt.Fprintf(b, "  index %q {\n    unique = %v\n    on {\n      column = %s\n      desc   = %v\n    }\n    on {\n      column = column.k\n    }\n", name, yes("unique"), ref, yes("desc"))
			if yes("where") {
				b.WriteString("    where = \"k > 0\"\n")
			}
			b.WriteString("  }\n")
		}
		if indexable && yes("constraint") {
			fmt.Fprintf(b, "  unique \"u%s\" {\n    columns = [%s]\n  }\n", name[3:], ref)
		}
		if !indexable && yes("gin") {
			fmt.Fprintf(b, "  index %q {\n    columns = [%s]\n    type    = GIN\n  }\n", name, ref)
		}
		if yes("check") {
			quoted := strings.ReplaceAll(`"`+c+`"`, `"`, `\"`)
			fmt.Fprintf(b, "  check \"c%s\" {\n    expr = \"k > %d or %s is not null\"\n  }\n", name[3:], rapid.IntRange(0, 1).Draw(t, "n"), quoted)
		}
	}
	b.WriteString("  primary_key {\n    columns = [column.k]\n  }\n")
	for _, other := range tables {
		if yes("key") {
			ref := fmt.Sprintf("table[%q].column.k", tableNames[other])
			if other == n {
				ref = "column.k"
			}
			fmt.Fprintf(b, "  foreign_key \"fk_%d_%d\" {\n    columns     = [column.k]\n    ref_columns = [%s]\n    on_delete   = %s\n  }\n",
				n, other, ref, rapid.SampledFrom([]string{"CASCADE", "NO_ACTION"}).Draw(t, "action"))
		}
	}
	b.WriteString("}\n")
}

var tableNames = []string{"runs", "Results", "group", "t"}
