package bench

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	planonline "github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// BenchmarkOnline changes a table of a million rows (or BENCH_ROWS) while eight connections read and write single rows
// of it. Each change is made once as Atlas's engine plans it, in one transaction, and once as plan and apply do.
// read-max-ms and write-max-ms are the longest read and write during the change, change-ms is how long it took. A plan
// that is marked as a rewrite or as blocking has a metric "marked", one that plan refuses to make or PostgreSQL to run,
// "refused". Every other plan of ours must keep nobody waiting for longer than the lock timeout and half a second.
//
// Each is done once, whatever -benchtime says. The server is a throwaway one without fsync, in memory if it fits: on a
// disk, blocking takes longer. Dropping a table isn't measured, because nobody is left to wait. One change is made a
// second time while another session's long transaction has read from the table, which is what lock timeouts are for.
func BenchmarkOnline(b *testing.B) {
	o := newOnline(b, rowCount(b))
	for _, c := range onlineChanges {
		for _, w := range []struct {
			name    string
			measure func(*testing.B, onlineChange) waits
		}{{"plain", o.plain}, {"ours", o.ours}} {
			var m *waits
			b.Run(c.name+"/"+w.name, func(b *testing.B) {
				if m == nil {
					m = new(w.measure(b, c))
				}
				m.report(b)
			})
		}
	}
}

// waits are how long others waited for a change at most, and how long it took.
type waits struct {
	read, write, change time.Duration
	refused, marked     bool
}

func (m waits) report(b *testing.B) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(0, "ns/op")
	if m.refused {
		b.ReportMetric(1, "refused")
	}
	if m.marked {
		b.ReportMetric(1, "marked")
	}
	if m.change > 0 {
		b.ReportMetric(ms(m.read), "read-max-ms")
		b.ReportMetric(ms(m.write), "write-max-ms")
		b.ReportMetric(ms(m.change), "change-ms")
	}
}

// bound is an error if anybody waited for longer than the lock timeout and half a second.
func (m waits) bound(b *testing.B) {
	b.Helper()
	if most := migrator.DefaultLockTimeout + 500*time.Millisecond; max(m.read, m.write) > most {
		b.Errorf("a read waited %v and a write %v: more than %v", m.read, m.write, most)
	}
}

// An onlineChange is a change of the schema file: old, which occurs once, becomes new.
type onlineChange struct {
	name     string
	table    string
	old, new string
	rename   string // -rename
	// held is for how long another session's transaction, which has read from the table, stays open: a change that
	// needs an exclusive lock waits for it, and others wait for the change.
	held time.Duration
	zone string // -timezone
}

// onlineBefore is what the changes need in addition to Ibutsu's schema, as a migration.
const onlineBefore = `ALTER TABLE results DROP CONSTRAINT results_project_id_fkey;
ALTER TABLE results ADD CONSTRAINT results_run_id_id_key UNIQUE (run_id, id);
ALTER TABLE results ADD CONSTRAINT results_duration_check CHECK (duration >= 0);
CREATE TYPE attention AS ENUM ('new', 'seen');
CREATE TYPE numbered_status AS ENUM ('new', 'done');
ALTER TABLE results ADD COLUMN attention attention NOT NULL DEFAULT 'new';
CREATE TABLE results_bare (id uuid NOT NULL, test_id text, result text, start_time timestamp NOT NULL);
CREATE INDEX ix_results_bare_id ON results_bare (id);
CREATE TABLE results_parts (id uuid NOT NULL, test_id text, result text, start_time timestamp NOT NULL,
  PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE results_parts_0 PARTITION OF results_parts FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE results_parts_1 PARTITION OF results_parts FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE results_parts_2 PARTITION OF results_parts FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE results_parts_3 PARTITION OF results_parts FOR VALUES WITH (MODULUS 4, REMAINDER 3);
CREATE TABLE numbered (id integer PRIMARY KEY, token text NOT NULL UNIQUE, status varchar(10) NOT NULL DEFAULT 'new', at timestamp NOT NULL, result text);
CREATE INDEX ix_numbered_at ON numbered (at);
CREATE TABLE numbered_a (id integer PRIMARY KEY, numbered_id integer REFERENCES numbered);
CREATE TABLE numbered_b (id integer PRIMARY KEY, numbered_id integer NOT NULL REFERENCES numbered);
`

// onlineFill gives the side tables as many rows as results, and deletes what no change needs, because the database is
// copied for each.
const onlineFill = `TRUNCATE artifacts, import_files;
INSERT INTO results_bare SELECT id, test_id, result, start_time FROM results;
INSERT INTO results_parts SELECT id, test_id, result, start_time FROM results;
INSERT INTO numbered SELECT n, md5(n::text)::uuid::text, 'new', start_time, result FROM (SELECT row_number() OVER () AS n, start_time, result FROM results) r;
INSERT INTO numbered_a SELECT id, id FROM numbered WHERE id % 2 = 0;
INSERT INTO numbered_b SELECT id, id FROM numbered WHERE id % 5 = 0;
VACUUM ANALYZE results_bare, results_parts, numbered, numbered_a, numbered_b;
`

// onlineResults and onlineTables are onlineBefore in HCL.
const (
	onlineResults = `table "results" {
  schema = schema.public

  column "attention" {
    type    = enum.attention
    default = "new"
  }
  unique "results_run_id_id_key" {
    columns = [column.run_id, column.id]
  }
  check "results_duration_check" {
    expr = "(duration >= (0)::double precision)"
  }
`
	onlineTables = `
enum "attention" {
  schema = schema.public
  values = ["new", "seen"]
}
table "results_bare" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "test_id" {
    type = text
    null = true
  }
  column "result" {
    type = text
    null = true
  }
  column "start_time" {
    type = timestamp
  }
  index "ix_results_bare_id" {
    columns = [column.id]
  }
}
table "results_parts" {
  schema = schema.public
  column "id" {
    type = uuid
  }
  column "test_id" {
    type = text
    null = true
  }
  column "result" {
    type = text
    null = true
  }
  column "start_time" {
    type = timestamp
  }
  primary_key {
    columns = [column.id]
  }
  partition {
    type    = HASH
    columns = [column.id]
  }
}
`
	onlineNumbered = `
enum "numbered_status" {
  schema = schema.public
  values = ["new", "done"]
}
table "numbered" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "token" {
    type = text
  }
  column "status" {
    type    = varchar(10)
    default = "new"
  }
  column "at" {
    type = timestamp
  }
  column "result" {
    type = text
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  unique "numbered_token_key" {
    columns = [column.token]
  }
  index "ix_numbered_at" {
    columns = [column.at]
  }
}
table "numbered_a" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "numbered_id" {
    type = int
    null = true
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "numbered_a_numbered_id_fkey" {
    columns     = [column.numbered_id]
    ref_columns = [table.numbered.column.id]
  }
}
table "numbered_b" {
  schema = schema.public
  column "id" {
    type = int
  }
  column "numbered_id" {
    type = int
  }
  primary_key {
    columns = [column.id]
  }
  foreign_key "numbered_b_numbered_id_fkey" {
    columns     = [column.numbered_id]
    ref_columns = [table.numbered.column.id]
  }
}
`
	onlineKey = `  foreign_key "results_project_id_fkey" {
    columns     = [column.project_id]
    ref_columns = [table.projects.column.id]
  }
`
	onlineRunKey = `  foreign_key "results_run_id_fkey" {
    columns     = [column.run_id]
    ref_columns = [table.runs.column.id]
`
	onlineHead  = "table \"results\" {\n  schema = schema.public\n"
	onlineBare  = "  index \"ix_results_bare_id\" {\n"
	onlineParts = "  partition {\n    type    = HASH\n"
)

// onlineChanges are the kinds of changes that plans make online.
var onlineChanges = []onlineChange{
	{name: "new-index", table: "results", old: onlineHead, new: onlineHead + "  index \"ix_results_result_duration\" {\n    columns = [column.result, column.duration]\n  }\n"},
	{name: "changed-index", table: "results", old: "\"ix_results_env\" {\n    columns = [column.env]", new: "\"ix_results_env\" {\n    columns = [column.env, column.result]"},
	{name: "changed-unique", table: "results", old: "[column.run_id, column.id]", new: "[column.id, column.run_id]"},
	{name: "drop-index", table: "results", old: "  index \"ix_results_env\" {\n    columns = [column.env]\n  }\n"},
	{name: "rename-index", table: "results", old: "index \"ix_results_env\"", new: "index \"ix_results_environment\""},
	{name: "new-foreign-key", table: "results", old: onlineHead, new: onlineHead + onlineKey},
	{name: "changed-foreign-key", table: "results", old: onlineRunKey, new: onlineRunKey + "    on_delete   = CASCADE\n"},
	{name: "new-check", table: "results", old: onlineHead, new: onlineHead + "  check \"results_test_id_check\" {\n    expr = \"(test_id <> ''::text)\"\n  }\n"},
	{name: "changed-check", table: "results", old: "duration >= (0)", new: "duration >= ('-1'::integer)"},
	{name: "new-unique", table: "results", old: onlineHead, new: onlineHead + "  unique \"results_id_start_time_key\" {\n    columns = [column.id, column.start_time]\n  }\n"},
	{name: "new-primary-key", table: "results_bare", old: onlineBare, new: "  primary_key {\n    columns = [column.id]\n  }\n" + onlineBare},
	{name: "set-not-null", table: "results", old: "    type = text\n    null = true\n  }\n  column \"result\" {\n    type = text\n    null = true\n  }\n  column \"data\"", new: "    type = text\n  }\n  column \"result\" {\n    type = text\n    null = true\n  }\n  column \"data\""},
	{name: "new-not-null-column", table: "results", old: onlineHead, new: onlineHead + "  column \"token\" {\n    type = uuid\n  }\n"},
	{name: "new-column-volatile-default", table: "results", old: onlineHead, new: onlineHead + "  column \"token\" {\n    type    = uuid\n    null    = true\n    default = sql(\"gen_random_uuid()\")\n  }\n"},
	{name: "type-change", table: "results", old: "  column \"duration\" {\n    type = double_precision\n    null = true\n  }\n  column \"start_time\" {\n    type = timestamp\n  }\n  column \"source\"", new: "  column \"duration\" {\n    type = real\n    null = true\n  }\n  column \"start_time\" {\n    type = timestamp\n  }\n  column \"source\""},
	{name: "type-key-of-two-tables", table: "numbered", old: "table \"numbered\" {\n  schema = schema.public\n  column \"id\" {\n    type = int\n", new: "table \"numbered\" {\n  schema = schema.public\n  column \"id\" {\n    type = bigint\n"},
	{name: "type-text-to-uuid", table: "numbered", old: "  column \"token\" {\n    type = text\n  }\n  column \"status\"", new: "  column \"token\" {\n    type = uuid\n  }\n  column \"status\""},
	{name: "type-varchar-to-enum", table: "numbered", old: "    type    = varchar(10)\n", new: "    type    = enum.numbered_status\n"},
	{name: "type-timestamp-to-timestamptz", table: "numbered", zone: "Europe/Prague", old: "  column \"at\" {\n    type = timestamp\n", new: "  column \"at\" {\n    type = timestamptz\n"},
	{name: "enum-value", table: "results", old: `["new", "seen"]`, new: `["new", "seen", "done"]`},
	{name: "drop-column", table: "results", old: "  column \"params\" {\n    type = jsonb\n    null = true\n  }\n  column \"duration\"", new: "  column \"duration\""},
	{name: "drop-column-after-long-read", table: "results", held: 6 * time.Second, old: "  column \"params\" {\n    type = jsonb\n    null = true\n  }\n  column \"duration\"", new: "  column \"duration\""},
	{name: "rename-column", table: "results", old: "  column \"params\" {\n    type = jsonb\n    null = true\n  }\n  column \"duration\"", new: "  column \"parameters\" {\n    type = jsonb\n    null = true\n  }\n  column \"duration\"", rename: "results.params=parameters"},
	{name: "partitioned-index", table: "results_parts", old: onlineParts, new: "  index \"ix_results_parts_test_id\" {\n    columns = [column.test_id]\n  }\n" + onlineParts},
}

// An online is a filled database and its project.
type online struct {
	rows       int
	server     *devdb.Server
	filled     *devdb.Database
	migrations string
	schema     string
}

func newOnline(b *testing.B, rows int) *online {
	b.Helper()
	ctx := context.Background()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		b.Fatal(err)
	}
	o := &online{rows: rows, server: throwaway(b), migrations: filepath.Join(b.TempDir(), "migrations")}
	src, err := os.ReadFile(filepath.Join(root, "schema.hcl"))
	if err != nil {
		b.Fatal(err)
	}
	o.schema = replaceOnce(b, string(src), onlineHead, onlineResults) + onlineTables + onlineNumbered
	o.schema = replaceOnce(b, o.schema, onlineKey, "")

	if err := os.CopyFS(o.migrations, os.DirFS(filepath.Join(root, "migrations"))); err != nil {
		b.Fatal(err)
	}
	const name = "20260601000000_before.sql"
	write(b, o.migrations, name, onlineBefore)
	write(b, o.migrations, "down/"+name, "-- alembic:down none it is a benchmark\n\n")
	if err := history.Rehash(ctx, proof.Base{Server: o.server, Dir: readDir(b, o.migrations)}, o.migrations); err != nil {
		b.Fatal(err)
	}

	admin, err := o.server.Admin(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer admin.Close(ctx)
	for _, sql := range []string{"ALTER SYSTEM SET maintenance_work_mem = '256MB'", "ALTER SYSTEM SET max_wal_size = '2GB'", "SELECT pg_reload_conf()"} {
		if _, err := admin.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			b.Fatal(err)
		}
	}
	if o.filled, err = o.server.Create(ctx); err != nil {
		b.Fatal(err)
	}
	if err := apply(ctx, o.filled, readDir(b, o.migrations)); err != nil {
		b.Fatal(err)
	}
	psql(b, o.filled, "-v", "n="+strconv.Itoa(rows), "-f", filepath.Join(root, "internal", "schematest", "testdata", "gen_data.sql"))
	fill := filepath.Join(b.TempDir(), "fill.sql")
	write(b, filepath.Dir(fill), filepath.Base(fill), onlineFill)
	psql(b, o.filled, "-f", fill)
	return o
}

// rowCount returns how many rows the table that changes has.
func rowCount(b *testing.B) int {
	b.Helper()
	s := os.Getenv("BENCH_ROWS")
	if s == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		b.Fatalf("BENCH_ROWS=%s isn't a number of rows", s)
	}
	return n
}

// psql fills a database.
func psql(b *testing.B, db *devdb.Database, args ...string) {
	b.Helper()
	if out, err := exec.Command("psql", append([]string{"-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", db.URL()}, args...)...).CombinedOutput(); err != nil {
		b.Fatalf("filling the database: %v\n%s", err, out)
	}
}

func throwaway(b *testing.B) *devdb.Server {
	b.Helper()
	server, err := devdb.Start(context.Background(), devdb.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { server.Close() })
	return server
}

func readDir(b *testing.B, root string) *migration.Dir {
	b.Helper()
	dir, err := migration.Read(os.DirFS(root))
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// replaceOnce replaces a text that occurs once in s.
func replaceOnce(b *testing.B, s, old, new string) string {
	b.Helper()
	if n := strings.Count(s, old); n != 1 {
		b.Fatalf("the schema file contains %d times:\n%s", n, old)
	}
	return strings.Replace(s, old, new, 1)
}

func apply(ctx context.Context, db *devdb.Database, dir *migration.Dir) error {
	_, err := migrator.New(migrator.Config{ConnConfig: db.ConnConfig(), Dir: dir}).Apply(ctx, migrator.Options{Contract: true})
	return err
}

// plain measures what Atlas's engine plans for the change.
func (o *online) plain(b *testing.B, c onlineChange) waits {
	ctx := context.Background()
	stmts := o.engine(b, c)
	b.Log(strings.Join(stmts, ";\n"))
	var m waits
	err := o.under(b, c, &m, func(db *devdb.Database) error {
		conn, err := db.Connect(ctx)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, s := range stmts {
				if _, err := tx.Exec(ctx, s, pgx.QueryExecModeSimpleProtocol); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) {
		b.Log(err)
		m.refused = true
	} else if err != nil {
		b.Fatal(err)
	}
	return m
}

// engine returns the statements of Atlas's engine for a change, unchanged.
func (o *online) engine(b *testing.B, c onlineChange) []string {
	b.Helper()
	ctx := context.Background()
	cfg := o.config(b, c, o.migrations)
	have, err := state.Replay(ctx, cfg.Server, cfg.Dir, len(cfg.Dir.Files())-1, cfg.Options)
	if err != nil {
		b.Fatal(err)
	}
	defer have.Close()
	want, err := state.Desired(ctx, cfg.Server, cfg.SchemaName, cfg.Schema, cfg.Options)
	if err != nil {
		b.Fatal(err)
	}
	defer want.Close()
	from, err := have.Realm(ctx)
	if err != nil {
		b.Fatal(err)
	}
	to, err := want.Realm(ctx)
	if err != nil {
		b.Fatal(err)
	}
	drv, err := have.Driver()
	if err != nil {
		b.Fatal(err)
	}
	changes, err := drv.RealmDiff(from, to, schema.DiffNormalized())
	if err != nil {
		b.Fatal(err)
	}
	p, err := drv.PlanChanges(ctx, c.name, changes)
	if err != nil {
		b.Fatal(err)
	}
	var stmts []string
	for _, s := range p.Changes {
		stmts = append(stmts, s.Cmd)
	}
	if len(stmts) == 0 {
		b.Fatal("the engine plans nothing")
	}
	return stmts
}

// ours measures what plan and apply do for the change.
func (o *online) ours(b *testing.B, c onlineChange) waits {
	ctx := context.Background()
	root := filepath.Join(b.TempDir(), "migrations")
	if err := os.CopyFS(root, os.DirFS(o.migrations)); err != nil {
		b.Fatal(err)
	}
	p, err := plan.Make(ctx, o.config(b, c, root))
	if refused := (*plan.RefusedError)(nil); errors.As(err, &refused) {
		b.Log(err)
		return waits{refused: true}
	}
	if err != nil {
		b.Fatal(err)
	}
	if len(p.Files) == 0 {
		b.Fatal("there is nothing to plan")
	}
	if err := p.Write(b.Context(), root); err != nil {
		b.Fatal(err)
	}
	var m waits
	for _, f := range p.Files {
		b.Log(f.Name, f.Hazards)
		m.marked = m.marked || slices.ContainsFunc(f.Hazards, hazard.Hazard.Long)
	}
	dir := readDir(b, root)
	if err := o.under(b, c, &m, func(db *devdb.Database) error { return apply(ctx, db, dir) }); err != nil {
		b.Fatal(err)
	}
	if !m.marked {
		m.bound(b)
	}
	return m
}

// config plans the change on its own server.
func (o *online) config(b *testing.B, c onlineChange, root string) plan.Config {
	b.Helper()
	base := proof.Base{Server: throwaway(b), Dir: readDir(b, root), SchemaName: "schema.hcl", Schema: []byte(replaceOnce(b, o.schema, c.old, c.new))}
	return plan.Config{Base: base, Rename: c.rename, Types: planonline.Options{Zone: c.zone}}
}

// under measures how long others wait while change works on a copy of the filled database.
func (o *online) under(b *testing.B, c onlineChange, m *waits, change func(*devdb.Database) error) error {
	b.Helper()
	ctx := context.Background()
	db, err := o.server.Clone(ctx, o.filled)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Drop(ctx)
	if c.held > 0 {
		release := hold(b, db, c.table, c.held)
		defer release()
	}
	l := startLoad(b, db, c.table, o.rows)
	time.Sleep(500 * time.Millisecond) // for connecting and warming caches
	l.reset()
	start := time.Now()
	err = change(db)
	m.change = time.Since(start)
	m.read, m.write = l.stop()
	return err
}

// hold reads from a table in a transaction that ends after a while. release waits for the end.
func hold(b *testing.B, db *devdb.Database, table string, long time.Duration) (release func()) {
	b.Helper()
	ctx := context.Background()
	conn, err := db.Connect(ctx)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "BEGIN; SELECT id FROM "+table+" LIMIT 1", pgx.QueryExecModeSimpleProtocol); err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	time.AfterFunc(long, func() {
		conn.Close(ctx)
		close(ended)
	})
	return func() { <-ended }
}
