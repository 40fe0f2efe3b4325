package plan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// randomPairs is how many pairs of schemas are planned; with SCHEMA_TEST_FULL=1 it is
// fullPairs, and PLAN_PAIRS overrides both.
const (
	randomPairs = 200
	fullPairs   = 5000
)

// TestRandomPairs plans from one random schema to another, and runs the plan on a database
// that has rows, and back: the schemas are the same then, and the rows are there.
func TestRandomPairs(t *testing.T) {
	n := randomPairs
	if os.Getenv("SCHEMA_TEST_FULL") != "" {
		n = fullPairs
	}
	if s := os.Getenv("PLAN_PAIRS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	var count struct{ same, refused, byData, oneWay, renamed, both atomic.Int32 }
	t.Run("pair", func(t *testing.T) {
		for i := range n {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				pair := randomPair{t: t, before: schemas.Example(2 * i), after: schemas.Example(2*i + 1), renames: i%2 == 0}
				switch pair.run() {
				case "same":
					count.same.Add(1)
				case "refused":
					count.refused.Add(1)
				case "by data":
					count.byData.Add(1)
				case "one way":
					count.oneWay.Add(1)
				case "both ways":
					count.both.Add(1)
				}
				if pair.renamed {
					count.renamed.Add(1)
				}
				if t.Failed() {
					t.Logf("from\n%s\nto\n%s", pair.before, pair.after)
				}
			})
		}
	})
	t.Logf("%d pairs: %d there and back with rows, %d only there, %d stopped by their rows and there and back without, %d refused, %d without a difference; %d with renames",
		n, count.both.Load(), count.oneWay.Load(), count.byData.Load(), count.refused.Load(), count.same.Load(), count.renamed.Load())
	if !t.Failed() && int(count.both.Load()) < n/3 {
		t.Errorf("too few pairs go there and back")
	}
}

// A randomPair is a way from one schema to another.
type randomPair struct {
	t             *testing.T
	before, after string
	renames       bool // what could be a rename is one
	renamed       bool
}

func (p *randomPair) run() string {
	t, ctx := p.t, p.t.Context()
	desired := p.state(p.after)
	replayed := p.state(p.before)
	project := newProject(t)
	project.rename = RenameNone
	if p.renames {
		project.rename = ""
	}
	w, err := work(ctx, project.config(), replayed, desired)
	for asked := (*RenameError)(nil); errors.As(err, &asked); {
		c := asked.Candidates[0]
		project.rename, p.renamed = c.flag()+","+RenameNone, true
		w, err = work(ctx, project.config(), replayed, desired)
		if err != nil && errors.As(err, &asked) {
			t.Fatalf("asked again: %v", err)
		}
	}
	var refusal *RefusedError
	switch {
	case errors.As(err, &refusal):
		return "refused"
	case err != nil:
		t.Fatal(err)
	case len(w.files) == 0:
		if a, b := fingerprint(t, replayed), fingerprint(t, desired); a != b {
			t.Fatalf("nothing was planned, but there are differences:\n%s", cmp.Diff(b, a))
		}
		return "same"
	}
	fillRows(t, replayed, desired)
	result := p.thereAndBack(w, replayed, fingerprint(t, desired))
	if result == "by data" {
		p.thereAndBack(w, p.state(p.before), fingerprint(t, desired))
	}
	return result
}

func (p *randomPair) state(hcl string) *state.State {
	p.t.Helper()
	s, err := state.Desired(p.t.Context(), pgtest.Server(p.t), "schema.hcl", []byte(hcl), catalog.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		s.Close()
		_ = s.DB.Drop(context.Background()) // the server goes anyway
	})
	return s
}

// thereAndBack runs the plan both ways on s, and says how far it came.
func (p *randomPair) thereAndBack(w *worked, s *state.State, want string) string {
	t, ctx := p.t, p.t.Context()
	t.Helper()
	start, rows := fingerprint(t, s), readRows(t, s)
	oneWay := false
	for _, f := range w.files {
		oneWay = oneWay || f.down.none
		if err := s.Run(ctx, f.up.stmts, f.up.txNone, f.Name); err != nil {
			if len(rows) > 0 && dataError(err) {
				return "by data"
			}
			t.Fatalf("%v\n%s", err, f.SQL)
		}
	}
	if have := fingerprint(t, s); have != want {
		t.Fatalf("up does not give what it should (-want +have):\n%s\n%s", cmp.Diff(want, have), text1(w))
	}
	after := readRows(t, s)
	for table, list := range rows {
		if to, ok := after[w.newName(table)]; ok && to.n != list.n {
			t.Errorf("%s has %d rows, had %d\n%s", table, to.n, list.n, text1(w))
		}
	}
	if oneWay {
		return "one way"
	}
	for _, f := range slices.Backward(w.files) {
		if err := s.Run(ctx, f.down.stmts, f.down.txNone, f.down.file); err != nil {
			if len(rows) > 0 && dataError(err) {
				return "by data"
			}
			t.Fatalf("%v\n%s", err, f.Draft.Down)
		}
	}
	if have := fingerprint(t, s); have != start {
		t.Fatalf("down does not lead back (-start +now):\n%s\n%s", cmp.Diff(start, have), text1(w))
	}
	back := readRows(t, s)
	for table, list := range rows {
		if _, kept := after[w.newName(table)]; !kept {
			continue // dropped with its rows
		}
		for column, values := range list.columns {
			if now := back[table].columns[column]; now != values && !w.loses(table, column) {
				t.Errorf("%s.%s has %s, had %s\n%s", table, column, now, values, text1(w))
			}
		}
	}
	return "both ways"
}

func text1(w *worked) string {
	var b strings.Builder
	for _, f := range w.files {
		fmt.Fprintf(&b, "-- %s\n%s\n-- down\n%s\n", f.Name, f.SQL, f.Draft.Down)
	}
	return b.String()
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
		head += "enum \"mood\" {\n  schema = schema.public\n  values = [" + rapid.SampledFrom([]string{
			`"sad", "ok"`, `"sad", "so so", "ok"`, `"ok", "sad"`, `"sad", "ok", "it's fine"`,
		}).Draw(t, "values") + "]\n}\n"
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
	switch rapid.IntRange(0, 7).Draw(t, "more") {
	case 0:
		fmt.Fprintf(b, "  column \"more\" {\n    type = bigint\n    identity {\n      generated = %s\n      start     = %d\n    }\n  }\n",
			rapid.SampledFrom([]string{"ALWAYS", "BY_DEFAULT"}).Draw(t, "generated"), rapid.IntRange(1, 2).Draw(t, "start"))
	case 1:
		b.WriteString("  column \"more\" {\n    type = bigserial\n  }\n")
	case 2:
		b.WriteString("  column \"more\" {\n    type = bigint\n    default = 5\n  }\n")
	case 3, 4:
		fmt.Fprintf(b, "  column \"twice\" {\n    type = int\n    null = %v\n    as {\n      expr = \"k * %d\"\n      type = STORED\n    }\n  }\n",
			yes("null"), rapid.IntRange(1, 3).Draw(t, "factor"))
	}
	if yes("expression") {
		fmt.Fprintf(b, "  index \"ix_%d_expr\" {\n    on {\n      expr = \"(k + %d)\"\n    }\n    include = [column.k]\n    comment = %q\n  }\n",
			n, rapid.IntRange(1, 2).Draw(t, "plus"), rapid.SampledFrom([]string{"", "one", "it's two"}).Draw(t, "says"))
	}
	key := rapid.SampledFrom([]string{"", ` "the_key"`, ` "Other Key"`}).Draw(t, "key's name")
	if key != "" {
		key = fmt.Sprintf("%s_%d\"", strings.TrimSuffix(key, `"`), n)
	}
	fmt.Fprintf(b, "  primary_key%s {\n    columns = [column.k]\n  }\n", key)
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
