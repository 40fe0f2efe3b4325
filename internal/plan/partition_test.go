package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// TestPartitionsOfNoMigration replaces an index of a database with partitions that no migration creates, one of them in
// a partition that is partitioned. That fails before the old index is dropped, and continues once each of them has its
// part of the new one.
func TestPartitionsOfNoMigration(t *testing.T) {
	ctx := t.Context()
	p := newProject(t)
	p.Write(map[string]string{"20250101000000_before.sql": `CREATE TABLE parted (at date NOT NULL, n int NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE parted_2025 PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE parted_2026 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (n);
CREATE INDEX ix_parted ON parted (n);
`})
	p.HCL = []byte(`schema "public" {
}
table "parted" {
  schema = schema.public
  column "at" {
    type = date
  }
  column "n" {
    type = int
  }
  partition {
    type    = RANGE
    columns = [column.at]
  }
  index "ix_parted" {
    columns = [column.n, column.at]
  }
}
`)
	last := len(p.config().Dir.Files()) - 1
	f := p.plan().Files[0]
	s, err := state.Replay(ctx, pgtest.Server(t), p.config().Dir, last, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec := func(sql string) {
		t.Helper()
		if _, err := s.Conn().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE parted_2026_1 PARTITION OF parted_2026 FOR VALUES IN (1)")
	exec("CREATE TABLE parted_2027 PARTITION OF parted FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')")
	stmts := f.up.Stmts
	err = s.Run(ctx, stmts, f.up.TxNone, f.up.File)
	if want := "lack their part of public.ix_parted_new: parted_2026_1, parted_2027"; err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("%v doesn't say that they %s", err, want)
	}
	for partition, index := range map[string]string{"parted_2026_1": "parted_2026_ix_parted", "parted_2027": "ix_parted_new"} {
		exec("CREATE INDEX CONCURRENTLY " + partition + "_ix ON " + partition + " (n, at)")
		exec("ALTER INDEX " + index + " ATTACH PARTITION " + partition + "_ix")
	}
	failed := slices.IndexFunc(stmts, func(s pgsql.Stmt) bool { return strings.HasPrefix(s.Text, "DO") })
	if err := s.Run(ctx, stmts[failed:], f.up.TxNone, f.up.File); err != nil {
		t.Fatal(err)
	}
	var indexes, valid int
	if err := s.Conn().QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE indisvalid) FROM pg_index WHERE indrelid::regclass::text LIKE 'parted%'").Scan(&indexes, &valid); err != nil {
		t.Fatal(err)
	}
	if indexes != 5 || valid != 5 {
		t.Errorf("%d indexes, of which %d are valid, instead of 5", indexes, valid)
	}
}
