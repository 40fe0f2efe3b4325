package adopt_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// victim is the task of a process that gets killed: a planned repair. The test's binary runs itself, with the victim in
// the environment.
type victim struct {
	URL, Root string
	Scripts   []adopt.Script
	N         int  // the log entry at which it is killed
	Later     bool // a little after that
}

func init() { pgtest.Victim(victim.run) }

// A tally kills the process at an entry that says that a script or a statement begins or has ended.
type tally struct {
	victim
	n int
}

func (c *tally) Log(e migrator.LogEntry) {
	switch e.(type) {
	case migrator.LogFile, migrator.LogStmt, migrator.LogStmtDone, migrator.LogFileDone:
	default:
		return
	}
	die := func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) }
	switch c.n++; {
	case c.n != c.N:
	case c.Later:
		time.AfterFunc(10*time.Millisecond, die)
	default:
		die()
	}
}

func (v victim) run() error {
	ctx := context.Background()
	cfg, err := pgx.ParseConfig(v.URL)
	if err != nil {
		return err
	}
	dir, err := migration.Read(os.DirFS(v.Root))
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	live, err := catalog.Read(ctx, conn, catalog.Options{})
	if err != nil {
		return err
	}
	opts := migrator.RepairOptions{To: "head", Planned: live, Check: func(catalog.Catalog) error { return nil }}
	for _, s := range v.Scripts {
		stmts, err := pgsql.Split(s.SQL)
		if err != nil {
			return err
		}
		opts.Scripts = append(opts.Scripts, migrator.RepairScript{Name: s.Name, Stmts: stmts, TxNone: s.TxNone})
	}
	_, err = migrator.New(migrator.Config{ConnConfig: cfg, Dir: dir, OperatorVersion: "test", Log: &tally{victim: v}}).Repair(ctx, opts)
	return err
}

// killDrift differs from shop in ways that take a repair several transactions each.
const killDrift = `
ALTER TABLE orders DROP CONSTRAINT orders_shop_fk, ADD CONSTRAINT orders_shop_fk FOREIGN KEY (shop_id) REFERENCES shops;
ALTER TABLE orders DROP CONSTRAINT orders_total_check, ADD CONSTRAINT orders_total_check CHECK (total > -5);
ALTER TABLE orders DROP CONSTRAINT orders_code_key, ADD CONSTRAINT orders_code_key UNIQUE (code, id);
ALTER TABLE orders ALTER note DROP NOT NULL, ALTER note DROP DEFAULT;
DROP INDEX ix_orders_note; CREATE INDEX ix_orders_note ON orders (note);
DROP INDEX ux_orders_shop_code;
ALTER TABLE shops RENAME CONSTRAINT shops_pkey TO old_pkey;
DROP VIEW open_orders; DROP INDEX ix_parted_note; CREATE INDEX ix_parted_at ON parted (at);
ALTER TABLE parted DROP CONSTRAINT parted_pkey;
ALTER TABLE "Old Shop"."Order" DROP CONSTRAINT "Order_parent", ALTER "Note" DROP NOT NULL;
ALTER TABLE orders ADD extra text;
UPDATE orders SET extra = 'x'`

// TestRepairKilled kills a repair at the beginning and the end of each script and statement, and a little later. The
// next one must lead to the same schema as one that is left alone, with the same rows and the same record.
func TestRepairKilled(t *testing.T) {
	pgtest.Dumps(t)
	server := pgtest.Server(t)
	root := t.TempDir()
	shopDir := dirIn(t, root, shop+"CREATE INDEX ix_parted_at ON parted (at, note);")
	original := newDrifted(t, shopDir, "head")
	original.build(repairCase{drift: killDrift})
	on := func(t *testing.T) *drifted {
		db, err := server.Clone(t.Context(), original.db.Database)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Discard() })
		d := &drifted{T: t, db: pgtest.Use(t, db), cfg: original.cfg}
		d.cfg.Live.ConnConfig = db.ConnConfig()
		return d
	}
	rows := original.query(rowsSQL)

	undisturbed := on(t)
	r, err := undisturbed.repair()
	if err != nil {
		t.Fatal(err)
	}
	undisturbed.mustRepair()
	want := undisturbed.catalog().String()
	entries := 0
	for _, s := range r.Scripts {
		stmts, err := pgsql.Split(s.SQL)
		if err != nil {
			t.Fatal(err)
		}
		entries += 2 + 2*len(stmts)
	}
	step := 15
	if os.Getenv("SCHEMA_TEST_FULL") != "" {
		step = 1
	}
	for n := 1; n <= entries; n += step {
		for _, later := range []bool{false, true} {
			if later && n%(2*step) != 1 {
				continue
			}
			t.Run(fmt.Sprintf("%d of %d later=%t", n, entries, later), func(t *testing.T) {
				d := on(t)
				v := victim{URL: d.db.URL, Root: root, Scripts: r.Scripts, N: n, Later: later}
				if !pgtest.Killed(t, v) && !later {
					t.Error("it was not killed")
				}
				// The server notices within 2 s that its client is gone.
				d.mustRepair()
				if got := d.catalog().String(); got != want {
					t.Errorf("another schema than without the kill:\n%s", diffLines(want, got))
				}
				if got := d.query(rowsSQL); got != rows {
					t.Errorf("the rows changed:\n%s\n%s", rows, got)
				}
			})
		}
	}
}

func diffLines(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for _, l := range x {
		if !slices.Contains(y, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range y {
		if !slices.Contains(x, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}
