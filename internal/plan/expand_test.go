package plan

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// TestExpandUnderWrites changes types, there and back, while an application inserts, updates and deletes rows. Each row
// holds its value a second time, as text. At the end every value is equal to that text, and no row is lost.
func TestExpandUnderWrites(t *testing.T) {
	for _, c := range []struct {
		from, to string
		value    string // of row n, as text
		zone     string
	}{
		{from: "int", to: "bigint", value: "n"},
		{from: "bigint", to: "int", value: "n"},
		{from: "text", to: "uuid", value: "md5(n::text)::uuid"},
		{from: "varchar(20)", to: "varchar(10)", value: "n"},
		{from: "text", to: "jsonb", value: "jsonb_build_object('n', n)"},
		{from: "timestamp", to: "timestamptz", value: "'2026-01-01 00:00:00'::timestamp + n * interval '1 minute'", zone: "Asia/Kolkata"},
		{from: "numeric(10,2)", to: "int", value: "n"},
		{from: "text", to: "numeric", value: "n % 5 || '.' || repeat('0', n % 3 + 1)"}, // equal numbers with different texts
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			schema := func(typ string) []byte {
				return []byte(`schema "public" {
}
table "Values" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "v" {
    type = ` + typ + `
    null = true
  }
  column "expected" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
  index "ix_values_v" {
    columns = [column.v]
  }
  check "values_v_check" {
    expr = "v is not null"
  }
}
`)
			}
			pl, s := expansion(t, schema(c.from), schema(c.to), online.Options{Zone: c.zone})
			const rows = 300
			// The text is written as a literal of no type, as an application does that knows nothing of the change.
			text := func(n int) (v string) {
				if err := s.Conn().QueryRow(ctx, fmt.Sprintf("SELECT (%s)::text FROM (SELECT %d AS n) x", c.value, n)).Scan(&v); err != nil {
					t.Error(err)
				}
				return v
			}
			texts := make([]string, 50)
			for n := range texts {
				texts[n] = text(n)
			}
			insert := func(id, n int) string {
				return fmt.Sprintf(`INSERT INTO "Values" (id, v, expected) VALUES (%d, '%s', '%[2]s')`, id, texts[n])
			}
			for i := range rows {
				if _, err := s.Conn().Exec(ctx, insert(i, i%50)); err != nil {
					t.Fatal(err)
				}
			}
			w := startWriters(t, s, c.zone, func(r *rand.Rand, id int) string {
				n := r.IntN(50)
				switch r.IntN(3) {
				case 0:
					return insert(id, n)
				case 1:
					return fmt.Sprintf(`UPDATE "Values" SET v = '%s', expected = '%[1]s' WHERE id = %d`, texts[n], r.IntN(rows))
				}
				return fmt.Sprintf(`UPDATE "Values" SET expected = expected WHERE id = %d`, r.IntN(rows))
			})
			for _, f := range pl.Files {
				if err := s.Run(ctx, f.up.Stmts, f.up.TxNone, f.up.File); err != nil {
					t.Fatal(err)
				}
			}
			w.compare(c.to, c.zone, rows)
			for i := len(pl.Files) - 1; i >= 0; i-- {
				if err := s.Run(ctx, pl.Files[i].down.Stmts, pl.Files[i].down.TxNone, pl.Files[i].down.File); err != nil {
					t.Fatal(err)
				}
			}
			w.stop()
			w.compare(c.from, c.zone, rows)
		})
	}
}

// expansion plans the change from one schema file to another. It returns the plan, and a database before it.
func expansion(t *testing.T, from, to []byte, types online.Options) (*Plan, *state.State) {
	t.Helper()
	p := newProject(t)
	p.start(from)
	p.HCL, p.types = to, types
	pl, err := Make(t.Context(), p.config())
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Replay(t.Context(), pgtest.Server(t), p.config().Dir, len(p.config().Dir.Files())-1, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return pl, s
}

// TestExpandUnderActions deletes and changes rows that others refer to after each transaction of a change of both ends'
// types, there and back. The foreign key does what it says, whatever the columns are called at the time.
func TestExpandUnderActions(t *testing.T) {
	for _, c := range []struct{ from, to, id string }{
		{"int", "bigint", "%d"},
		{"text", "uuid", "00000000-0000-0000-0000-%012d"},
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			t.Parallel()
			schema := func(typ string) []byte {
				return fmt.Appendf(nil, `schema "public" {
}
table "parents" {
  schema = schema.public
  column "id" {
    type = %[1]s
  }
  primary_key {
    columns = [column.id]
  }
}
table "children" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "parent" {
    type = %[1]s
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "children_parent_fkey" {
    columns     = [column.parent]
    ref_columns = [table.parents.column.id]
    on_update   = CASCADE
    on_delete   = SET_NULL
  }
}
`, typ)
			}
			p := newProject(t)
			p.start(schema(c.from))
			base := p.config().Dir
			p.HCL = schema(c.to)
			pl, err := Make(t.Context(), p.config())
			if err != nil {
				t.Fatal(err)
			}
			conn := pgtest.New(t).Conn()
			exec := func(sql string) {
				t.Helper()
				if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range base.Files() {
				exec(f.SQL)
			}
			for i := 1; i <= 2; i++ {
				id := fmt.Sprintf(c.id, i)
				exec(fmt.Sprintf("INSERT INTO parents (id) VALUES ('%s'); INSERT INTO children (id, parent) VALUES (%d, '%[1]s')", id, i))
			}
			check := func(after string) {
				t.Helper()
				exec(fmt.Sprintf("BEGIN; DELETE FROM parents WHERE id = '%s'; UPDATE parents SET id = '%s' WHERE id = '%s'", fmt.Sprintf(c.id, 1), fmt.Sprintf(c.id, 3), fmt.Sprintf(c.id, 2)))
				var got string
				if err := conn.QueryRow(t.Context(), "SELECT string_agg(concat_ws(' ', id, parent), ', ' ORDER BY id) FROM children").Scan(&got); err != nil {
					t.Fatal(err)
				}
				if want := "1, 2 " + fmt.Sprintf(c.id, 3); got != want {
					t.Errorf("the children are %s instead of %s after\n%s", got, want, after)
				}
				exec("ROLLBACK")
			}
			for _, f := range pl.Files {
				runEach(t, conn, f.up, check)
			}
			for _, f := range slices.Backward(pl.Files) {
				runEach(t, conn, f.down, check)
			}
		})
	}
}

// writers write to a state's database until they are stopped.
type writers struct {
	t        *testing.T
	s        *state.State
	done     chan struct{}
	wait     sync.WaitGroup
	inserted atomic.Int64
	writes   atomic.Int64
}

// startWriters starts writers whose local time is that of a zone, "" for UTC.
func startWriters(t *testing.T, s *state.State, zone string, statement func(r *rand.Rand, id int) string) *writers {
	w := &writers{t: t, s: s, done: make(chan struct{})}
	for i := range 4 {
		cfg := s.DB.MigrationConfig()
		cfg.RuntimeParams["timezone"] = cmp.Or(zone, "UTC")
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.wait.Go(func() {
			defer conn.Close(context.Background())
			r := rand.New(rand.NewPCG(uint64(i), 0))
			for id := 1_000_000 * (i + 1); ; id++ {
				select {
				case <-w.done:
					return
				case <-time.After(time.Millisecond):
				}
				tag, err := conn.Exec(context.Background(), statement(r, id), pgx.QueryExecModeSimpleProtocol)
				if err != nil {
					t.Errorf("a write failed: %v", err)
					return
				}
				w.writes.Add(1)
				if tag.Insert() {
					w.inserted.Add(1)
				}
			}
		})
	}
	return w
}

func (w *writers) stop() {
	close(w.done)
	w.wait.Wait()
	if w.writes.Load() < 20 {
		w.t.Errorf("only %d writes", w.writes.Load())
	}
}

// compare compares every value with its text.
func (w *writers) compare(typ, zone string, rows int64) {
	w.t.Helper()
	ctx := w.t.Context()
	value := "v::text"
	if typ == "timestamptz" {
		value = "(v AT TIME ZONE '" + zone + "')::text"
	}
	if typ == "numeric(10,2)" {
		value = "rtrim(rtrim(v::text, '0'), '.')" // trim_scale is missing before 13
	}
	before := w.inserted.Load()
	var wrong, all int64
	if err := w.s.Conn().QueryRow(ctx, `SELECT count(*) FILTER (WHERE `+value+` IS DISTINCT FROM expected), count(*) FROM "Values"`).Scan(&wrong, &all); err != nil {
		w.t.Fatal(err)
	}
	if wrong > 0 {
		w.t.Errorf("%d of %d values of type %s are wrong", wrong, all, typ)
	}
	if all < rows+before || all > rows+w.inserted.Load()+4 {
		w.t.Errorf("%d rows instead of %d", all, rows+before)
	}
}

// TestExpandEnumUnderWrites takes values from an enum that two tables use, one of them in arrays, there and back, while
// an application inserts and updates rows. Rows with a value that the other type lacks stop the change, and no row
// loses its value.
func TestExpandEnumUnderWrites(t *testing.T) {
	ctx := t.Context()
	schema := func(values string) []byte {
		return []byte(`schema "public" {
}
enum "mood" {
  schema = schema.public
  values = [` + values + `]
}
table "Lists" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "v" {
    type    = sql("public.mood[]")
    default = "{a}"
  }
  column "expected" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
}
table "Values" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "v" {
    type    = enum.mood
    default = "b"
  }
  column "expected" {
    type = text
  }
  primary_key {
    columns = [column.id]
  }
  index "ix_values_v" {
    columns = [column.v]
    where   = "v <> 'a'"
  }
  check "values_v_check" {
    expr = "v in ('a', 'b', 'c', 'd')"
  }
}
`)
	}
	pl, s := expansion(t, schema(`"a", "b", "c", "d", "gone"`), schema(`"new", "d", "c", "b", "a"`), online.Options{})
	const rows = 300
	insert := func(id int, v string) string {
		return fmt.Sprintf(`WITH l AS (INSERT INTO "Lists" (id, v, expected) VALUES (%d, '{%s,a}', '{%[2]s,a}'))
			INSERT INTO "Values" (id, v, expected) VALUES (%[1]d, '%[2]s', '%[2]s')`, id, v)
	}
	update := func(id int, v string) string {
		return fmt.Sprintf(`WITH l AS (UPDATE "Lists" SET v = '{%s}', expected = '{%[1]s}' WHERE id = %[2]d)
			UPDATE "Values" SET v = '%[1]s', expected = '%[1]s' WHERE id = %[2]d`, v, id)
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := s.Conn().Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	letters := []string{"a", "b", "c", "d"}
	for i := range rows {
		exec(insert(i, letters[i%4]))
	}
	w := startWriters(t, s, "", func(r *rand.Rand, id int) string {
		v := letters[r.IntN(4)]
		if r.IntN(2) == 0 {
			return insert(id, v)
		}
		return update(1+r.IntN(rows-1), v) // row 0 belongs to the test
	})
	// run runs a script: first with a value that it can't convert, which fails, and then without.
	run := func(sc proof.Script, bad string) {
		t.Helper()
		if bad != "" {
			exec(`UPDATE "Lists" SET v = '{a,` + bad + `}' WHERE id = 0`)
			err := s.Run(ctx, sc.Stmts, sc.TxNone, sc.File)
			if err == nil || !strings.Contains(err.Error(), `1 rows of public."Lists" have a value of v`) {
				t.Fatalf("%s: with a row that has %s: %v", sc.File, bad, err)
			}
			exec(update(0, "a"))
		}
		if err := s.Run(ctx, sc.Stmts, sc.TxNone, sc.File); err != nil {
			t.Fatal(err)
		}
	}
	compare := func() {
		t.Helper()
		w.compare("enum", "", rows)
		var wrong int
		if err := s.Conn().QueryRow(ctx, `SELECT count(*) FROM "Lists" WHERE v::text IS DISTINCT FROM expected`).Scan(&wrong); err != nil || wrong > 0 {
			t.Errorf("%d lists are wrong: %v", wrong, err)
		}
	}
	var steps []string
	for i, f := range pl.Files {
		bad := ""
		if i == 0 || strings.HasSuffix(f.up.File, "_swap.sql") {
			bad = "gone"
		}
		run(f.up, bad)
		compare()
		steps = append(steps, f.up.File)
	}
	for _, f := range slices.Backward(pl.Files) {
		bad := ""
		if strings.HasSuffix(f.up.File, "_swap.sql") {
			bad = "new"
		}
		run(f.down, bad)
		compare()
	}
	w.stop()
	compare()
	if len(steps) != 5 {
		t.Errorf("the plan has the files %q instead of two expands, a swap and two contracts", steps)
	}
}

// TestExpandEnumWithAwkwardNames takes values from two enums whose names and values look like SQL or like a template,
// there and back.
func TestExpandEnumWithAwkwardNames(t *testing.T) {
	ctx := t.Context()
	long := strings.Repeat("m", 60)
	schema := func(values string) []byte {
		var enums, columns string
		for i, name := range []string{"A {} %s $sync$", long + "aaa", long + "bbb"} {
			enums += fmt.Sprintf("enum %q {\n  schema = schema[\"My S\"]\n  values = [%s]\n}\n", name, values)
			typ := `"My S"."` + name + `"`
			columns += fmt.Sprintf("  column \"v%d\" {\n    type = sql(%q)\n    null = true\n  }\n", i, typ)
			columns += fmt.Sprintf("  column \"w %d\" {\n    type = sql(%q)\n    null = true\n  }\n", i, typ+"[]")
		}
		return []byte("schema \"public\" {\n}\nschema \"My S\" {\n}\n" + enums + "table \"T {} %s\" {\n  schema = schema.public\n" + columns + "}\n")
	}
	const kept = `"a", "it's", "b\\c", "{}", "{a,b}"`
	pl, s := expansion(t, schema(kept+`, "gone {} %s", "x$sync$y", "$$"`), schema(kept+`, "new {} %s $sync$ $$"`), online.Options{})
	table := `"T {} %s"`
	var want int
	insert := func() {
		t.Helper()
		for _, v := range []string{`a`, `it's`, `b\c`, `{}`, `{a,b}`} {
			_, err := s.Conn().Exec(ctx, `INSERT INTO `+table+` (v0, "w 0", v1, "w 1", v2, "w 2") SELECT v::"My S"."A {} %s $sync$", ARRAY[v, 'a']::"My S"."A {} %s $sync$"[],
				v::"My S"."`+long+`aaa", NULL, NULL, ARRAY[v]::"My S"."`+long+`bbb"[] FROM (SELECT $1::text AS v) x`, v)
			if err != nil {
				t.Fatal(err)
			}
			want++
		}
		var n int
		if err := s.Conn().QueryRow(ctx, `SELECT count(*) FROM `+table+` WHERE v0::text = v1::text AND "w 0"::text[] = ARRAY[v0::text, 'a'] AND "w 2"::text[] = ARRAY[v0::text]`).Scan(&n); err != nil || n != want {
			t.Fatalf("%d of %d rows have their values: %v", n, want, err)
		}
	}
	insert()
	for _, f := range pl.Files {
		if err := s.Run(ctx, f.up.Stmts, f.up.TxNone, f.up.File); err != nil {
			t.Fatal(err)
		}
		insert()
	}
	for _, f := range slices.Backward(pl.Files) {
		// Once the values are counted, the swap back rejects those that it would lose.
		if n := slices.IndexFunc(f.down.Stmts, func(s pgsql.Stmt) bool { return s.Text == "BEGIN" }); n >= 0 {
			if err := s.Run(ctx, f.down.Stmts[:n], true, f.down.File); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Conn().Exec(ctx, `INSERT INTO `+table+` (v0) VALUES ('new {} %s $sync$ $$')`); pgsql.SQLState(err) != "23514" {
				t.Fatalf("a value that the old type lacks is written before the swap back: %v", err)
			}
			f.down.Stmts = f.down.Stmts[n:]
		}
		if err := s.Run(ctx, f.down.Stmts, f.down.TxNone, f.down.File); err != nil {
			t.Fatal(err)
		}
		insert()
	}
}

// TestSwapBackLosesNothing writes a value that the old type can't have after the down file has counted those.
func TestSwapBackLosesNothing(t *testing.T) {
	ctx := t.Context()
	schema := func(typ string) []byte {
		return []byte("schema \"public\" {\n}\ntable \"t\" {\n  schema = schema.public\n  column \"id\" {\n    type = int\n  }\n" +
			"  column \"n\" {\n    type = " + typ + "\n    null = true\n  }\n  primary_key {\n    columns = [column.id]\n  }\n}\n")
	}
	pl, s := expansion(t, schema("int"), schema("bigint"), online.Options{})
	n := slices.IndexFunc(pl.Files, func(f File) bool { return strings.HasSuffix(f.up.File, "_swap.sql") })
	for _, f := range pl.Files[:n+1] {
		if err := s.Run(ctx, f.up.Stmts, f.up.TxNone, f.up.File); err != nil {
			t.Fatal(err)
		}
	}
	back := pl.Files[n].down
	locks := slices.IndexFunc(back.Stmts, func(s pgsql.Stmt) bool { return s.Text == "BEGIN" })
	if err := s.Run(ctx, back.Stmts[:locks], true, back.File); err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"INSERT INTO t (id, n) VALUES (1, 3000000000)": "23514", "INSERT INTO t (id, n) VALUES (2, 2000000000)": "", "INSERT INTO t (id, n) VALUES (3, NULL)": "",
	} {
		if _, err := s.Conn().Exec(ctx, sql); pgsql.SQLState(err) != want {
			t.Errorf("%s before the swap back: %v, want SQLSTATE %q", sql, err, want)
		}
	}
	if err := s.Run(ctx, back.Stmts[locks:], true, back.File); err != nil {
		t.Fatal(err)
	}
	var have string
	if err := s.Conn().QueryRow(ctx, "SELECT string_agg(concat(id, ':', n), ' ' ORDER BY id) FROM t").Scan(&have); err != nil || have != "2:2000000000 3:" {
		t.Errorf("the table has %q: %v", have, err)
	}
}

// TestExpandEnumWithoutUsage writes as a role that can't use the schema of the enum and names no type, before, between
// and after the steps of a change.
func TestExpandEnumWithoutUsage(t *testing.T) {
	ctx := t.Context()
	schema := func(values string) []byte {
		return []byte("schema \"public\" {\n}\nschema \"apart\" {\n}\nenum \"phase\" {\n  schema = schema.apart\n  values = [" + values + "]\n}\n" +
			"table \"t\" {\n  schema = schema.public\n  column \"v\" {\n    type = enum.phase\n  }\n" +
			"  column \"w\" {\n    type = sql(\"apart.phase[]\")\n    null = true\n  }\n}\n")
	}
	pl, s := expansion(t, schema(`"a", "b", "gone"`), schema(`"new", "b", "a"`), online.Options{})
	admin, err := pgtest.Server(t).Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	role := s.DB.Name + "_writer"
	super := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Error(err)
		}
	}
	super("CREATE ROLE " + role + "; GRANT " + role + " TO " + s.Conn().Config().User)
	defer super("DROP ROLE " + role)
	want := 0
	insert := func(after string) {
		t.Helper()
		_, err := s.Conn().Exec(ctx, "SET ROLE "+role+"; INSERT INTO t (v, w) VALUES ('a', '{a,NULL,b}'); UPDATE t SET v = 'b' WHERE v = 'a'; RESET ROLE", pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatalf("after %s: %v", after, err)
		}
		want++
		var have int
		if err := s.Conn().QueryRow(ctx, "SELECT count(*) FROM t WHERE v::text = 'b' AND w::text = '{a,NULL,b}'").Scan(&have); err != nil || have != want {
			t.Errorf("after %s, %d of %d rows have their values: %v", after, have, want, err)
		}
	}
	if _, err := s.Conn().Exec(ctx, "GRANT ALL ON t TO "+role); err != nil {
		t.Fatal(err)
	}
	insert("nothing")
	for _, f := range pl.Files {
		if err := s.Run(ctx, f.up.Stmts, f.up.TxNone, f.up.File); err != nil {
			t.Fatal(err)
		}
		insert(f.up.File)
	}
	for _, f := range slices.Backward(pl.Files) {
		if err := s.Run(ctx, f.down.Stmts, f.down.TxNone, f.down.File); err != nil {
			t.Fatal(err)
		}
		insert(f.down.File)
	}
	if _, err := s.Conn().Exec(ctx, "REVOKE ALL ON t FROM "+role); err != nil {
		t.Fatal(err)
	}
}
