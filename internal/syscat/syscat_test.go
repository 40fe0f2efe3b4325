package syscat_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/syscat"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestLook compares what a look finds after each statement, in a transaction and outside.
func TestLook(t *testing.T) {
	steps := []struct{ sql, want string }{
		{"CREATE TABLE a (id int PRIMARY KEY, n text)", "class +, constraint +, type +"},
		{"CREATE INDEX i ON a (n)", "class +"},
		{"ALTER TABLE a ADD COLUMN m int", "class ~"},
		{"ALTER TABLE a ALTER COLUMN m SET STATISTICS 5", "attribute"},
		{"ALTER TABLE a ALTER COLUMN m SET DEFAULT 1", "attribute"},
		{"ALTER TABLE a ALTER COLUMN m SET DEFAULT 2", "attribute"},
		{"INSERT INTO a VALUES (1)", ""},
		{"ALTER SEQUENCE s OWNED BY a.id", "sequence"},
		{"CREATE TYPE e AS ENUM ('x')", "type +, enum +"},
		{"ALTER TYPE e RENAME VALUE 'x' TO 'y'", "enum ~"},
		{"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "proc +"},
		{"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'", "proc ~"},
		{"DROP FUNCTION f()", "proc -"},
		{"COMMENT ON TABLE a IS 'x'", "description"},
		{"COMMENT ON TABLE a IS NULL", "description"},
		{"CREATE COLLATION c (locale = 'C')", "other"},
		{"DROP COLLATION c", "other"},
		{"DROP INDEX i", "class -"},
		{"CREATE TABLE p (k int) PARTITION BY LIST (k)", "class +, type +"},
		{"CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)", "class + ~, inherits, type +"},
		{"DROP TABLE p1", "class -, inherits, type -"},
		{"CREATE SCHEMA z", "namespace +"},
		{"ALTER SCHEMA public RENAME TO q", "namespace ~"},
		{"ALTER SCHEMA q RENAME TO public", "namespace ~"},
		{"DROP TABLE a", "class -, constraint -, type -"},
		{"SELECT 1", ""},
	}
	for _, inTx := range []bool{false, true} {
		t.Run(fmt.Sprintf("in a transaction %v", inTx), func(t *testing.T) {
			ctx := t.Context()
			db := pgtest.New(t)
			conn := db.Conn()
			exec := func(sql string) {
				t.Helper()
				if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
					t.Fatal(err)
				}
			}
			exec("CREATE SEQUENCE s")
			mark, err := syscat.First(ctx, conn)
			if err != nil {
				t.Fatal(err)
			}
			if inTx {
				exec("BEGIN")
				if mark, err = mark.Begin(ctx, conn); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range steps {
				if inTx {
					exec("SAVEPOINT step; CREATE SCHEMA undone; CREATE TABLE undone.a (n int); ROLLBACK TO step")
				}
				exec(s.sql)
				next, changes, err := mark.Look(ctx, conn)
				if err != nil {
					t.Fatal(err)
				}
				if got := text(changes); got != s.want {
					t.Errorf("%s: %q, want %q", s.sql, got, s.want)
				}
				mark = next
			}
		})
	}
}

// text names the changed catalogs: + for new rows, ~ for updated ones, - for lost ones. Parts of changed relations are
// left out.
func text(c syscat.Changes) string {
	var list []string
	for cat, r := range c.Rows {
		part := cat == int(syscat.Attribute) || cat == int(syscat.Index) || cat == int(syscat.Sequence)
		if (r.Changed || r.Fewer) && !(part && c.Rows[syscat.Class].Changed) {
			word := names[cat]
			for i, oids := range [][]uint32{r.New, r.Updated, r.Gone} {
				if len(oids) > 0 {
					word += " " + "+~-"[i:i+1]
				}
			}
			list = append(list, word)
		}
	}
	if c.Other {
		list = append(list, "other")
	}
	if (len(list) > 0) != c.Any {
		list = append(list, fmt.Sprintf("any is %v", c.Any))
	}
	return strings.Join(list, ", ")
}

var names = map[int]string{
	int(syscat.Class): "class", int(syscat.Attribute): "attribute", int(syscat.Index): "index", int(syscat.Sequence): "sequence",
	int(syscat.Constraint): "constraint", int(syscat.Trigger): "trigger", int(syscat.Policy): "policy", int(syscat.Rewrite): "rewrite",
	int(syscat.Inherits): "inherits", int(syscat.Proc): "proc", int(syscat.Type): "type", int(syscat.Enum): "enum",
	int(syscat.Namespace): "namespace", int(syscat.Extension): "extension", int(syscat.Description): "description",
}
