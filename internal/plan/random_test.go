package plan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// randomPairs is how many pairs of schemas are planned. With SCHEMA_TEST_FULL=1 it is fullPairs on each major of
// the full tests, with different pairs on each.
const (
	randomPairs = 100
	fullPairs   = 1250
)

// which returns the number of the first random test, and how many follow: normal, or with SCHEMA_TEST_FULL=1 full, with
// different ones on each major. PLAN_PAIRS=300, or another env, means as many from 0, PLAN_PAIRS=18750-18799 a range.
func which(t *testing.T, env string, normal, full int) (first, n int) {
	t.Helper()
	if s := os.Getenv(env); s != "" {
		from, to, ok := strings.Cut(s, "-")
		if !ok {
			from, to = "1", from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatalf("%s: %v", env, err)
		}
		if !ok {
			first, last = 0, last-1
		}
		return first, last - first + 1
	}
	if os.Getenv("SCHEMA_TEST_FULL") != "" {
		return pgtest.Server(t).VersionNum() / 10000 * full, full
	}
	return 0, normal
}

// outcomes are the ways in which a pair may end.
var outcomes = []string{"with-rows", "without-rows", "one-way", "stopped-by-rows", "refused", "same"}

// TestRandomPairs plans from one random schema to another, and runs the plan and its down files on a database with
// rows: the schemas and the rows are the same then. Some rows are hostile and make a plan fail, which then runs
// without rows.
func TestRandomPairs(t *testing.T) {
	first, n := which(t, "PLAN_PAIRS", randomPairs, fullPairs)
	var mu sync.Mutex
	count := map[string]int{}
	t.Run("pair", func(t *testing.T) {
		for i := first; i < first+n; i++ {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				pair := randomPair{t: t, before: schemas.Example(2 * i), after: schemas.Example(2*i + 1),
					renames: i%2 == 0, hostile: i/2%10 == 0}
				defer func() {
					if t.Failed() {
						t.Logf("again: PLAN_PAIRS=%d-%[1]d SCHEMA_TEST_MAJOR=%d go test ./internal/plan -run TestRandomPairs\nfrom\n%s\nto\n%s",
							i, pgtest.Server(t).VersionNum()/10000, pair.before, pair.after)
					}
				}()
				outcome := pair.run()
				mu.Lock()
				defer mu.Unlock()
				count[outcome]++
				if pair.rename != nil {
					count["renamed"]++
				}
			})
		}
	})
	// The runner of several majors adds these up.
	t.Attr("pairs", fmt.Sprint(n))
	for _, outcome := range append(outcomes, "renamed") {
		t.Attr("pairs-"+outcome, fmt.Sprint(count[outcome]))
	}
	if !t.Failed() && n >= randomPairs && count["with-rows"] < n*7/10 {
		t.Errorf("too few pairs run both ways with rows")
	}
}

// A randomPair is a pair of schemas to plan between.
type randomPair struct {
	t             *testing.T
	before, after string
	renames       bool           // possible renames are renames
	rename        *online.Rename // that rename, if any
	hostile       bool           // rows need not fit the schema after
}

// run returns the outcome.
func (p *randomPair) run() string {
	t, ctx := p.t, p.t.Context()
	desired := p.state(p.after)
	replayed := p.state(p.before)
	project := newProject(t)
	project.rename, project.types.Zone = online.RenameNone, "UTC"
	if p.renames {
		project.rename = ""
	}
	w, err := propose(ctx, project.config(), replayed, desired)
	if asked := (*online.RenameError)(nil); errors.As(err, &asked) {
		p.rename = &asked.Candidates[0]
		project.rename = p.rename.Flag() + "," + online.RenameNone
		w, err = propose(ctx, project.config(), replayed, desired)
	}
	var refusal *RefusedError
	if p.rename != nil && errors.As(err, &refusal) {
		// The types have no cast, so it is a different column.
		p.rename, project.rename = nil, online.RenameNone
		desired = p.state(p.after) // the used one has the names of the renamed table
		w, err = propose(ctx, project.config(), replayed, desired)
	}
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
	p.fillRows(w, replayed, desired)
	outcome := p.thereAndBack(w, replayed, fingerprint(t, desired))
	if outcome == "stopped-by-rows" {
		p.hostile = false
		p.thereAndBack(w, p.state(p.before), fingerprint(t, desired))
	}
	return outcome
}

func (p *randomPair) state(hcl string) *state.State {
	p.t.Helper()
	s, err := state.Desired(p.t.Context(), pgtest.Server(p.t), "schema.hcl", []byte(hcl), catalog.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		s.Close()
		_ = s.DB.Drop(context.Background()) // the server is stopped anyway
	})
	return s
}

// thereAndBack runs the plan and its down files on s, and returns how far it got.
func (p *randomPair) thereAndBack(w *proposal, s *state.State, want string) string {
	t := p.t
	t.Helper()
	start, rows := fingerprint(t, s), readRows(t, s)
	oneWay := false
	for _, f := range w.files {
		oneWay = oneWay || f.down.None
		if err := p.runUnderWrites(s, f.up); err != nil {
			if p.hostile && dataError(err) {
				return "stopped-by-rows"
			}
			t.Fatalf("%v\n%s", err, f.SQL)
		}
	}
	if have := fingerprint(t, s); have != want {
		t.Fatalf("the migrations don't produce the schema (-want +have):\n%s\n%s", cmp.Diff(want, have), text1(w))
	}
	after := readRows(t, s)
	outcome := "without-rows"
	for table, list := range rows {
		name, _ := p.newName(table, "")
		to, kept := after[name]
		if kept && to.n != list.n {
			t.Errorf("%s has %d rows, had %d\n%s", table, to.n, list.n, text1(w))
		}
		if kept && to.n > 0 {
			outcome = "with-rows"
		}
	}
	if oneWay {
		return "one-way"
	}
	for _, f := range slices.Backward(w.files) {
		if err := p.runUnderWrites(s, f.down); err != nil {
			if p.hostile && dataError(err) {
				return "stopped-by-rows"
			}
			t.Fatalf("%v\n%s", err, f.Draft.Down)
		}
	}
	if have := fingerprint(t, s); have != start {
		t.Fatalf("the down files don't revert the migrations (-start +now):\n%s\n%s", cmp.Diff(start, have), text1(w))
	}
	back := readRows(t, s)
	for table, list := range rows {
		name, _ := p.newName(table, "")
		if _, kept := after[name]; !kept {
			continue // dropped with its rows
		}
		for column, values := range list.columns {
			if now := back[table].columns[column]; now != values && !w.loses(name, column) {
				t.Errorf("%s.%s has %s, had %s\n%s", table, column, now, values, text1(w))
			}
		}
	}
	return outcome
}

// runUnderWrites runs a script. Unless rows may be hostile, an application writes every row after each transaction: it
// reads the same values before and after, in whatever type they are.
func (p *randomPair) runUnderWrites(s *state.State, script proof.Script) error {
	if p.hostile {
		return s.Run(p.t.Context(), script.Stmts, script.TxNone, script.File)
	}
	p.t.Helper()
	for _, stmts := range transactions(script) {
		if err := s.Run(p.t.Context(), stmts, script.TxNone, script.File); err != nil {
			return err
		}
		if _, err := s.Conn().Exec(p.t.Context(), writeAllSQL); err != nil {
			p.t.Fatalf("a write fails: %v\nafter %s\nin\n%s", err, stmts[len(stmts)-1].Text, script.File)
		}
	}
	return nil
}

// writeAllSQL writes every row, and fails if that changes a value that the application knows.
const writeAllSQL = `DO $$
DECLARE
  t record;
  before text;
  after text;
BEGIN
  FOR t IN SELECT c.oid::regclass AS name, max(format('%I', a.attname)) FILTER (WHERE a.attgenerated = '' AND a.attidentity <> 'a') AS some,
      string_agg(format('x.%I::text', a.attname), ',') AS known
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname !~ '_(new|old)$'
    WHERE c.relkind = 'r' AND n.nspname IN ('public', 'Other') GROUP BY c.oid LOOP
    EXECUTE format('SELECT string_agg(r, E''\n'' ORDER BY r) FROM %s x, concat_ws(''|'', %s) r', t.name, t.known) INTO before;
    EXECUTE format('UPDATE %s SET %s = %2$s', t.name, t.some);
    EXECUTE format('SELECT string_agg(r, E''\n'' ORDER BY r) FROM %s x, concat_ws(''|'', %s) r', t.name, t.known) INTO after;
    IF before IS DISTINCT FROM after THEN
      RAISE EXCEPTION '% had % and has %', t.name, before, after;
    END IF;
  END LOOP;
END $$`

func text1(w *proposal) string {
	var b strings.Builder
	for _, f := range w.files {
		fmt.Fprintf(&b, "-- %s\n%s\n-- down\n%s\n", f.Name, f.SQL, f.Draft.Down)
	}
	return b.String()
}

// The last one has 58 bytes, so that an index with the prefix ix_0_ has 63, the most that PostgreSQL keeps.
var names = []string{"a", "b", "user", "Mixed Case", "order", "ünï", "a_rather_long_name_so_that_an_index_of_it_has_63_bytes____"}

// A type may change into its counterpart and back. Columns have the one type in every other table, and its
// counterpart in the rest.
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

// schemas generates schema files: two to four tables with what the engine manages, so that two schemas usually share
// one, and the enum and the second schema only where they are needed or by chance. Every table has a column k that
// others refer to, together with their parent or not.
var schemas = rapid.Custom(func(t *rapid.T) string {
	var b strings.Builder
	tables := rapid.SliceOfNDistinct(rapid.IntRange(0, 3), 2, 4, rapid.ID[int]).Draw(t, "tables")
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
	b.WriteString("  column \"k\" {\n    type = int\n  }\n  column \"parent\" {\n    type = int\n    null = true\n  }\n")
	columns := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, len(names), rapid.ID[string]).Draw(t, "columns")
	for _, c := range columns {
		typ := types[n%2*len(names)+slices.Index(names, c)]
		if yes("other") {
			typ.hcl = typ.other
		}
		// A new NOT NULL column needs a default if there are rows.
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
	// Referenced columns may have several keys, none of them the primary key.
	alike := rapid.SampledFrom([]string{"", "", "", "key", "index", "both", "instead"}).Draw(t, "alike")
	if alike != "instead" {
		fmt.Fprintf(b, "  primary_key%s {\n    columns = [column.k]\n  }\n", key)
	}
	if alike == "key" || alike == "both" || alike == "instead" {
		fmt.Fprintf(b, "  unique \"k_%d\" {\n    columns = [column.k]\n  }\n", n)
	}
	if alike == "index" || alike == "both" {
		fmt.Fprintf(b, "  index \"k_%d_too\" {\n    unique  = true\n    columns = [column.k]\n  }\n", n)
	}
	for _, other := range tables {
		if !yes("key") {
			continue
		}
		from, ref := "parent", fmt.Sprintf("table[%q].column.k", tableNames[other])
		if other == n {
			ref = "column.k"
		}
		// Nothing can refer to a new table by its k, because it is empty.
		if rapid.IntRange(0, 15).Draw(t, "by k") == 7 {
			from = "k"
		}
		fmt.Fprintf(b, "  foreign_key \"fk_%d_%d\" {\n    columns     = [column.%s]\n    ref_columns = [%s]\n    on_delete   = %s\n  }\n",
			n, other, from, ref, rapid.SampledFrom([]string{"CASCADE", "NO_ACTION"}).Draw(t, "action"))
	}
	b.WriteString("}\n")
}

var tableNames = []string{"runs", "Results", "group", "t"}
