package adopt_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
)

// The order that the statements show is PostgreSQL's.
func TestOrderAfter(t *testing.T) {
	p := projecttest.New(t)
	p.Write(map[string]string{
		"20240101000000_a.sql": `CREATE SCHEMA app;
CREATE TABLE a (z int, "Odd, (c" numeric(3, 1) DEFAULT (1 + 2) CHECK ("Odd, (c" > 0), CONSTRAINT x UNIQUE (z), m text[] DEFAULT ARRAY['a', 'b'], PRIMARY KEY (z), "primary" int);
CREATE TABLE IF NOT EXISTS a (never int);
CREATE UNLOGGED TABLE app."T" (B int, A int);
CREATE TABLE gone (x int); CREATE TABLE c AS SELECT 1 AS one, 2 AS two; CREATE TABLE l (LIKE a, k int);
CREATE TABLE p (x int, y int) PARTITION BY LIST (x); CREATE TABLE p_1 PARTITION OF p DEFAULT; CREATE TABLE i (own int) INHERITS (gone);
DO 'BEGIN CREATE TABLE hidden (b int, a int); END';
`,
		"20240102000000_b.sql": `ALTER TABLE a ADD COLUMN added int, ADD IF NOT EXISTS m int, DROP COLUMN IF EXISTS none, DROP m;
ALTER TABLE a ADD COLUMN IF NOT EXISTS m int; ALTER TABLE a RENAME "primary" TO second;
ALTER TABLE app."T" RENAME TO t; ALTER TABLE app.t SET SCHEMA public; ALTER TABLE t ADD COLUMN last int;
DROP TABLE i, gone; ALTER TABLE hidden ADD COLUMN c int;
`,
	})
	dir := dirOf(t, os.DirFS(p.Root))
	db := pgtest.New(t)
	for _, f := range dir.Files() {
		db.Exec(f.SQL)
	}
	want, err := catalog.Read(t.Context(), db.Conn(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	live, err := adopt.ReadOrder(t.Context(), db.Conn())
	if err != nil {
		t.Fatal(err)
	}
	got := adopt.OrderAfter(dir.Files(), want)
	for table, columns := range got {
		if d := cmp.Diff(live[table], columns); d != "" {
			t.Errorf("%s (-is +got):\n%s", table, d)
		}
	}
	if d := cmp.Diff(map[string][]string{
		"public.a": {"z", `"Odd, (c"`, "second", "added", "m"}, "public.t": {"b", "a", "last"}, "public.p": {"x", "y"},
	}, got); d != "" {
		t.Error(d)
	}
}

// Nothing is unknown about Ibutsu's own tables.
func TestOrderOfIbutsu(t *testing.T) {
	dir, db := ibutsu(t), pgtest.New(t)
	apply(t, db, dir, "")
	live, err := adopt.ReadOrder(t.Context(), db.Conn())
	if err != nil {
		t.Fatal(err)
	}
	delete(live, "public.alembic_version")
	delete(live, "public.atlas_schema_revisions")
	want, err := catalog.At(dir, len(dir.Files())-1)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(live, adopt.OrderAfter(dir.Files(), want)); d != "" {
		t.Errorf("(-is +got):\n%s", d)
	}
}
