package migrator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// full reports whether the long matrices run completely. Otherwise every third case runs, always the same ones.
var full = os.Getenv("SCHEMA_TEST_FULL") != ""

func sampled(n int) bool { return full || n%3 == 1 }

// file is one migration of a test's directory.
type file struct{ name, sql, down string }

// The directory that most tests use: tables, data, an index built concurrently.
var shop = []file{
	{"20240101000000_shop.sql", `-- alembic:revision aaa111

CREATE TABLE orders (id int PRIMARY KEY, note text);
CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders);
`, "DROP TABLE items;\nDROP TABLE orders;\n"},
	{"20240102000000_total.sql", `-- alembic:revision bbb222

ALTER TABLE orders ADD COLUMN total int;
`, "ALTER TABLE orders DROP COLUMN total;\n"},
	{"20240103000000_fill.sql", `-- alembic:revision ccc333

INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 20) n;
UPDATE orders SET total = id * 10;
`, "DELETE FROM orders;\n"},
	{"20240104000000_index.sql", `-- alembic:revision ddd444
-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_orders_total ON orders (total);
ALTER TABLE items ADD COLUMN price int;
CREATE INDEX CONCURRENTLY ix_items_price ON items ((price + 1)) WHERE price > 0;
`, "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY ix_items_price;\nALTER TABLE items DROP COLUMN price;\nDROP INDEX CONCURRENTLY ix_orders_total;\n"},
}

// write writes a directory without effects to a folder and returns that.
func write(t *testing.T, files []file) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, migration.DownDir), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(root, f.name), []byte(f.sql), 0o644); err != nil {
			t.Fatal(err)
		}
		if f.down != "" {
			if err := os.WriteFile(filepath.Join(root, migration.DownDir, f.name), []byte(f.down), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	return root
}

func read(t *testing.T, root string) *migration.Dir {
	t.Helper()
	dir, err := migration.Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var effects struct {
	sync.Mutex
	of map[string]string // by the text of all files up to one
}

// roots are the folders of the directories that dir returned.
var roots = make(map[*migration.Dir]string)

// dir returns a directory with effects, which are measured by running its files.
func dir(t *testing.T, files ...file) *migration.Dir {
	t.Helper()
	root := write(t, files)
	measured := make(map[string]string)
	effects.Lock()
	defer effects.Unlock()
	if effects.of == nil {
		effects.of = make(map[string]string)
	}
	var session *runner.Session
	text := ""
	d := read(t, root)
	for i, f := range files {
		text += f.name + "\x00" + f.sql + "\x00"
		effect, ok := effects.of[text]
		if !ok {
			if session == nil {
				var err error
				if session, err = runner.Open(context.Background(), pgtest.New(t).Conn(), runner.Options{}); err != nil {
					t.Fatal(err)
				}
				for _, before := range d.Files()[:i] {
					runFile(t, session, before)
				}
			}
			before := snapshot(t, session.Conn)
			runFile(t, session, d.Files()[i])
			effect = catalog.Measure(before, snapshot(t, session.Conn)).String()
			effects.of[text] = effect
		} else if session != nil {
			t.Fatal("effects are kept for later files only")
		}
		measured[f.name] = effect
	}
	if err := migration.Rehash(t.Context(), root, measured); err != nil {
		t.Fatal(err)
	}
	d = read(t, root)
	roots[d] = root
	return d
}

func runFile(t *testing.T, session *runner.Session, f *migration.File) {
	t.Helper()
	for _, u := range runner.Cut(f.Stmts, f.TxNone) {
		if err := session.Run(context.Background(), u, runner.Hooks{}); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	if _, err := session.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func snapshot(t *testing.T, conn *pgx.Conn) catalog.Catalog {
	t.Helper()
	c, err := catalog.Read(context.Background(), conn, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// recorder is a Logger that keeps everything.
type recorder struct {
	sync.Mutex
	entries []migrator.LogEntry
	hook    func(migrator.LogEntry)
}

func (r *recorder) Log(e migrator.LogEntry) {
	r.Lock()
	r.entries = append(r.entries, e)
	r.Unlock()
	if r.hook != nil {
		r.hook(e)
	}
}

func logged[E migrator.LogEntry](r *recorder) []E {
	r.Lock()
	defer r.Unlock()
	var all []E
	for _, e := range r.entries {
		if e, ok := e.(E); ok {
			all = append(all, e)
		}
	}
	return all
}

type bench struct {
	*testing.T
	db  *pgtest.DB
	log *recorder
	cfg migrator.Config
}

func setup(t *testing.T, d *migration.Dir) *bench {
	t.Helper()
	b := &bench{T: t, db: pgtest.New(t), log: &recorder{}}
	b.cfg = migrator.Config{ConnConfig: b.db.ConnConfig(), Dir: d, OperatorVersion: "test", Log: b.log}
	return b
}

func (b *bench) m() *migrator.Migrator { return migrator.New(b.cfg) }

func (b *bench) apply(opts migrator.Options) (*migrator.Result, error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return b.m().Apply(ctx, opts)
}

func (b *bench) mustApply(opts migrator.Options) *migrator.Result {
	b.Helper()
	res, err := b.apply(opts)
	if err != nil {
		b.Fatal(err)
	}
	return res
}

func (b *bench) down(opts migrator.Options) (*migrator.Result, error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return b.m().Down(ctx, opts)
}

func (b *bench) status() *migrator.Status {
	b.Helper()
	st, err := b.m().Status(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	return st
}

func (b *bench) query(sql string) string {
	b.Helper()
	conn, err := b.db.Connect(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	var s string
	if err := conn.QueryRow(context.Background(), sql).Scan(&s); err != nil {
		b.Fatalf("%v\nin: %s", err, sql)
	}
	return s
}

func (b *bench) alembic() string {
	b.Helper()
	return b.query("SELECT COALESCE(string_agg(version_num, ',' ORDER BY version_num), '') FROM alembic_version")
}

func (b *bench) journal() string {
	b.Helper()
	return b.query("SELECT COALESCE(string_agg(version || ' ' || type || ' ' || applied || '/' || total, ',' ORDER BY version), '') FROM atlas_schema_revisions")
}

// everything returns a database's contents: objects by pg_dump, data, and the record.
func (b *bench) everything() string {
	b.Helper()
	conn := b.db.Conn()
	defer conn.Close(context.Background())
	var s strings.Builder
	s.WriteString(snapshot(b.T, conn).String())
	rows, err := conn.Query(context.Background(), `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
		WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' ORDER BY 1`)
	if err != nil {
		b.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.Fatal(err)
	}
	for _, table := range tables {
		var data string
		query := "SELECT COALESCE(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM " + table + " t"
		if strings.HasSuffix(table, ".atlas_schema_revisions") {
			query = "SELECT COALESCE(string_agg((to_jsonb(t) - ARRAY['executed_at', 'execution_time', 'operator_version'])::text, E'\n' ORDER BY version), '') FROM " + table + " t"
		}
		if err := conn.QueryRow(context.Background(), query).Scan(&data); err != nil {
			b.Fatal(err)
		}
		s.WriteString(table + ":\n" + data + "\n")
	}
	return s.String()
}

func (b *bench) same(want string) {
	b.Helper()
	if d := cmp.Diff(want, b.everything()); d != "" {
		b.Errorf("the database is another (-want +got):\n%s", d)
	}
}

func ran(runs []*migrator.FileRun) (vs []string) {
	for _, r := range runs {
		vs = append(vs, r.File.Version)
	}
	return vs
}

func TestApplyAndDown(t *testing.T) {
	b := setup(t, dir(t, shop...))
	empty := b.everything()

	res := b.mustApply(migrator.Options{N: 1})
	if res.Current != "" || res.Target != "20240101000000" || res.Revision != "aaa111" || len(res.Ran) != 1 || len(res.Ran[0].Applied) != 2 {
		t.Errorf("the first apply gave %+v", res)
	}
	first := b.everything()

	res = b.mustApply(migrator.Options{To: "ccc"})
	if d := cmp.Diff([]string{"20240102000000", "20240103000000"}, ran(res.Ran)); d != "" || res.Current != "20240101000000" {
		t.Errorf("apply -to=ccc gave %+v, %s", res, d)
	}
	if got, want := b.alembic()+" "+b.journal(), "ccc333 20240101000000 2 2/2,20240102000000 2 1/1,20240103000000 2 2/2"; got != want {
		t.Errorf("the record is %s, want %s", got, want)
	}
	b.mustApply(migrator.Options{})
	if got, want := b.alembic()+" "+b.journal(), "ddd444 20240101000000 2 2/2,20240102000000 2 1/1,20240103000000 2 2/2,20240104000000 2 3/3"; got != want {
		t.Errorf("the record is %s, want %s", got, want)
	}
	head := b.everything()
	st := b.status()
	if !st.Clean() || len(st.Pending) != 0 || st.Current != "20240104000000" || len(st.Journal) != 4 || st.Journal[3].OperatorVersion != "test" || st.Journal[3].ExecutionTime <= 0 {
		t.Errorf("the status is %+v", st)
	}

	res = b.mustApply(migrator.Options{})
	if len(res.Planned) != 0 || len(res.Ran) != 0 || res.Revision != "ddd444" {
		t.Errorf("nothing to do gave %+v", res)
	}
	b.same(head)

	// Back to the first migration, which loses the column that the second added.
	_, err := b.down(migrator.Options{To: "aaa111"})
	var loss *migrator.LossError
	if !errors.As(err, &loss) {
		t.Fatalf("down gave %v, want a LossError", err)
	}
	if d := cmp.Diff([]migrator.Loss{{Table: "public.orders", Column: "total", Rows: 20}}, loss.Losses); d != "" {
		t.Error(d)
	}
	b.same(head)
	back, err := b.down(migrator.Options{To: "aaa111", Yes: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"20240104000000", "20240103000000", "20240102000000"}, ran(back.Ran)); d != "" {
		t.Error(d)
	}
	b.same(first)
	if _, err := b.down(migrator.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := b.alembic() + b.journal(); got != "" {
		t.Errorf("at the base the record is %q", got)
	}
	if !snapshot(t, b.db.Conn()).Equal(catalog.Catalog{}) {
		t.Errorf("the base is not what there was: %s, %s", b.everything(), empty)
	}
	b.mustApply(migrator.Options{})
	b.same(head)
}

func TestDryRun(t *testing.T) {
	b := setup(t, dir(t, shop...))
	before := b.everything()
	res := b.mustApply(migrator.Options{DryRun: true})
	b.same(before)
	if again := b.mustApply(migrator.Options{DryRun: true}); again.Script != res.Script {
		t.Error("a second dry run gives another script")
	}
	script := filepath.Join(t.TempDir(), "apply.sql")
	if err := os.WriteFile(script, []byte(res.Script), 0o644); err != nil {
		t.Fatal(err)
	}
	b.db.File(script)
	other := setup(t, b.cfg.Dir)
	other.mustApply(migrator.Options{})
	head := other.everything()
	b.same(head)
	if st := b.status(); !st.Clean() || len(st.Pending) != 0 {
		t.Errorf("after the script the status is %+v", st)
	}

	back, err := b.down(migrator.Options{To: "base", DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	b.same(head)
	if err := os.WriteFile(script, []byte(back.Script), 0o644); err != nil {
		t.Fatal(err)
	}
	b.db.File(script)
	if _, err := other.down(migrator.Options{To: "base", Yes: true}); err != nil {
		t.Fatal(err)
	}
	b.same(other.everything())
}
