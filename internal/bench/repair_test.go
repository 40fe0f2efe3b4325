package bench

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// BenchmarkRepair repairs a real release's database with a million results (or BENCH_ROWS), which differs from head in
// nullable columns, names, missing indexes and a missing foreign key, while eight connections read and write single
// rows of results. It reports what BenchmarkOnline does, and must keep nobody waiting for longer than the lock timeout
// and half a second. The rows must be the same before and after, apart from what the eight connections wrote. It is
// done once, and a second time while another session's long transaction has read from results.
func BenchmarkRepair(b *testing.B) {
	rows := rowCount(b)
	ctx := context.Background()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		b.Fatal(err)
	}
	server := throwaway(b)
	filled, err := server.Create(ctx)
	if err != nil {
		b.Fatal(err)
	}
	data := filepath.Join(root, "internal", "schematest", "testdata")
	psql(b, filled, "-f", filepath.Join(data, "example_drifted_head.sql"))
	psql(b, filled, "-f", filepath.Join(data, "gen_data.sql"), "-v", "n="+strconv.Itoa(rows))
	psql(b, filled, "-c", "DROP INDEX ix_results_tags, ix_results_env", "-c", "ALTER TABLE results DROP CONSTRAINT results_run_id_fkey", "-c", "VACUUM ANALYZE")
	for _, c := range []onlineChange{{name: "drifted", table: "results"}, {name: "drifted-after-long-read", table: "results", held: 20 * time.Second}} {
		var m *waits
		b.Run(c.name, func(b *testing.B) {
			if m == nil {
				o := &online{rows: rows, server: server, filled: filled, migrations: filepath.Join(root, "migrations")}
				m = new(o.repair(b, c))
			}
			m.report(b)
		})
	}
}

// repair measures a repair to head.
func (o *online) repair(b *testing.B, c onlineChange) waits {
	ctx := context.Background()
	cfg := adopt.RepairConfig{
		Live: migrator.Config{Dir: readDir(b, o.migrations)}, Version: "head", Yes: true,
		Start: func(context.Context, int) (*devdb.Server, error) { return o.server, nil },
	}
	var m waits
	before, after := sums(b, o.filled), ""
	var took time.Duration
	err := o.under(b, c, &m, func(db *devdb.Database) error {
		cfg.Live.ConnConfig = db.ConnConfig()
		start := time.Now()
		r, err := adopt.Repair(ctx, cfg)
		took = time.Since(start)
		if err == nil {
			after = sums(b, db)
			for _, s := range r.Scripts {
				b.Log(s.Name, strings.Join(s.Does, "; "))
			}
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Log(after)
	if before != after {
		b.Errorf("the rows changed from\n%s\nto\n%s", before, after)
	}
	m.bound(b)
	m.change = took
	return m
}

// sums counts the rows of each table and adds up their hashes, without what a load writes.
func sums(b *testing.B, db *devdb.Database) string {
	b.Helper()
	ctx := context.Background()
	conn, err := db.Connect(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	var list []string
	for _, table := range []string{"artifacts", "dashboards", "groups", "import_files", "imports", "projects", "results", "runs", "users", "users_projects", "widget_configs"} {
		row, where := "to_jsonb(t)", ""
		if table == "results" {
			row, where = "to_jsonb(t) - 'result'", " WHERE test_id <> 'test'"
		}
		var sum string
		if err := conn.QueryRow(ctx, "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(("+row+")::text, 0)), 0) FROM "+table+" t"+where, pgx.QueryExecModeSimpleProtocol).Scan(&sum); err != nil {
			b.Fatalf("%s: %v", table, err)
		}
		list = append(list, table+" "+sum)
	}
	return strings.Join(list, "\n")
}
