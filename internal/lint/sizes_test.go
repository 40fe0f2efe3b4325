package lint_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestReadSizes(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(`CREATE SCHEMA "Odd One";
CREATE TABLE "Odd One"."A.b" AS SELECT i FROM generate_series(1, 10000) i;
CREATE TABLE empty (x int);
CREATE TABLE parts (x int) PARTITION BY RANGE (x);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (5000);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (5000) TO (20000);
INSERT INTO parts SELECT i FROM generate_series(1, 10000) i;
ANALYZE`)
	sizes, err := lint.ReadSizes(context.Background(), db.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if s := sizes["Odd One.A.b"]; s.Rows != 10000 || s.Bytes < 300_000 || s.Bytes > 1_000_000 {
		t.Errorf("%+v", s)
	}
	if s := sizes["public.empty"]; s.Rows != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
	if s, one := sizes["public.parts"], sizes["public.parts_1"]; s.Rows != 10000 || one.Rows != 4999 || s.Bytes != one.Bytes+sizes["public.parts_2"].Bytes {
		t.Errorf("%+v, of them %+v", s, one)
	}
	if len(sizes) != 5 {
		t.Errorf("%d tables: %+v", len(sizes), sizes)
	}

	root := folder(t, map[string]string{first: "CREATE TABLE parts (x int);\n", second: "DROP TABLE parts;\n"})
	r := mustRun(t, root, lint.Config{Latest: 1, Sizes: sizes})
	if text := strings.Join(findings(r), "\n"); !strings.Contains(text, "parts ("+sizes["public.parts"].String()+")") {
		t.Error(text)
	}
}
