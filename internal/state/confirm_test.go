package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

// declaredOrder lists the tables of a schema file.
func declaredOrder(d *schemahcl.Document) []tableName {
	var names []tableName
	for _, ns := range d.Realm.Schemas {
		for _, t := range ns.Tables {
			names = append(names, nameOf(t))
		}
	}
	return names
}

// confirmAfter runs statements on the database created from src, in a transaction that is rolled back, and returns
// confirm's errors.
func confirmAfter(t *testing.T, s *State, src, sql string) []*schemahcl.Error {
	t.Helper()
	doc, err := schemahcl.Parse("schema.hcl", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.db.run.Exec(context.WithoutCancel(t.Context()), "ROLLBACK"); err != nil {
			t.Error(err)
		}
	}()
	if err := s.db.run.Exec(t.Context(), "BEGIN;\n"+sql); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	before := catalogLines(t, s)
	err = s.confirm(t.Context(), doc, declaredOrder(doc))
	if diff := cmp.Diff(before, catalogLines(t, s)); diff != "" {
		t.Errorf("the database has changed (-before +after):\n%s", diff)
	}
	return schemaErrors(t, err)
}

func catalogLines(t *testing.T, s *State) []string {
	t.Helper()
	c, err := catalog.Read(t.Context(), s.Conn(), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Lines()
}

func schemaErrors(t *testing.T, err error) []*schemahcl.Error {
	t.Helper()
	var all []*schemahcl.Error
	var one *schemahcl.Error
	switch joined, ok := err.(interface{ Unwrap() []error }); {
	case err == nil:
	case ok:
		for _, e := range joined.Unwrap() {
			all = append(all, schemaErrors(t, e)...)
		}
	case errors.As(err, &one):
		all = append(all, one)
	default:
		t.Fatal(err)
	}
	return all
}

// lineOf returns the line of the last of places, each of which is searched for after the one before.
func lineOf(t *testing.T, src string, places ...string) int {
	t.Helper()
	at := 0
	for _, p := range places {
		i := strings.Index(src[at:], p)
		if i < 0 {
			t.Fatalf("no %q in the schema file", p)
		}
		at += i
	}
	return strings.Count(src[:at], "\n") + 1
}

func everything(t *testing.T) (*State, string) {
	t.Helper()
	if v := pgtest.Server(t).VersionNum(); v < 150000 {
		t.Skipf("NULLS NOT DISTINCT needs PostgreSQL 15, not %d", v)
	}
	src, err := os.ReadFile("../schemahcl/testdata/strict/everything.hcl")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Desired(t.Context(), pgtest.Server(t), "schema.hcl", src, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, string(src)
}

// A sabotage changes what one attribute or block of everything.hcl has created.
type sabotage struct {
	of   string // "table.column.null", as in schemahcl's shapes
	sql  string
	at   string // texts that lead to the block, separated by bars
	says string // part of the message
}

const orderTable = `ALTER TABLE "Shop Floor"."order" `

var sabotages = []sabotage{
	{"schema", `DROP SCHEMA "Shop Floor" CASCADE`, `schema "Shop Floor"`, `schema "Shop Floor" is missing`},
	{"schema.comment", `COMMENT ON SCHEMA "Shop Floor" IS 'elsewhere'`, `schema "Shop Floor"`, `is 'elsewhere' in the database created from this file, which declares 'where it''s made'`},
	{"schema.comment", `COMMENT ON SCHEMA "Shop Floor" IS NULL`, `schema "Shop Floor"`, `the comment on schema "Shop Floor" is missing`},
	{"enum", `DROP TYPE "Shop Floor".state CASCADE`, `enum "state"`, `enum state is missing`},
	{"enum.schema", `ALTER TYPE "Shop Floor".state SET SCHEMA public`, `enum "state"`, `enum state is missing`},
	{"enum.values", `ALTER TYPE "Shop Floor".state ADD VALUE 'old'`, `enum "state"`, `is declared as ('new', 'it''s paid'), but is ('new', 'it''s paid', 'old')`},
	{"enum.values", `ALTER TYPE "Shop Floor".state RENAME VALUE 'new' TO 'old'`, `enum "state"`, `('old', 'it''s paid')`},
	{"table", `DROP TABLE "Shop Floor".customer CASCADE`, `table "customer"`, `table customer is missing`},
	{"table.schema", `ALTER TABLE "Shop Floor".customer SET SCHEMA public`, `table "customer"`, `table customer is missing`},
	{"table.comment", `COMMENT ON TABLE "Shop Floor"."order" IS NULL`, `table "order"`, `the comment on table "order" is missing`},
	{"table.comment", `COMMENT ON TABLE "Shop Floor".customer IS 'more'`, `table "customer"`, `the comment on table customer is 'more' in the database created from this file, which declares none`},

	{"table.column", orderTable + `DROP COLUMN tags`, `column "tags"`, `column tags of table "order" is missing`},
	{"table.column", orderTable + `RENAME COLUMN tags TO marks`, `column "tags"`, `column tags of table "order" is missing`},
	{"table.column", orderTable + `ADD COLUMN marks text`, `table "order"`, `table "order" has column marks (text)`},
	{"table.column.type", `ALTER TABLE "Shop Floor".customer ALTER COLUMN name TYPE varchar(41)`, `column "name"`, `declared as character varying(40) not null, but is character varying(41)`},
	{"table.column.type", orderTable + `ALTER COLUMN code TYPE text COLLATE "POSIX"`, `column "code"`, `declared as text collate "C" not null, but is text collate "POSIX"`},
	{"table.column.type", orderTable + `ALTER COLUMN parent TYPE bigint`, `column "parent"`, `declared as integer, but is bigint`},
	{"table.column.type", `ALTER TABLE public.event ALTER COLUMN number DROP DEFAULT`, `column "number"`, `declared as integer not null default nextval(`},
	{"table.column.type", `ALTER SEQUENCE public.event_number_seq OWNED BY NONE`, `column "number"`, `owned by public.event.number`},
	{"table.column.null", orderTable + `ALTER COLUMN tags DROP NOT NULL`, `column "tags"`, `declared as text[] not null, but is text[] in`},
	{"table.column.null", orderTable + `ALTER COLUMN parent SET NOT NULL`, `column "parent"`, `declared as integer, but is integer not null`},
	{"table.column.default", orderTable + `ALTER COLUMN paid DROP DEFAULT`, `column "paid"`, `declared as boolean not null default false, but is boolean not null in`},
	{"table.column.default", orderTable + `ALTER COLUMN data SET DEFAULT '[]'`, `column "data"`, `default '{}'::jsonb, but is jsonb not null default '[]'::jsonb`},
	{"table.column.default", orderTable + `ALTER COLUMN tags SET DEFAULT '{}'`, `column "tags"`, `but is text[] not null default '{}'::text[]`},
	{"table.column.as", orderTable + `DROP COLUMN double, ADD COLUMN double numeric NOT NULL GENERATED ALWAYS AS (total * 4) STORED`, `column "double"`, `but is numeric not null generated always as ((total * (4)::numeric))`},
	{"table.column.as.expr", orderTable + `DROP COLUMN triple, ADD COLUMN triple numeric NOT NULL GENERATED ALWAYS AS (total * 4) STORED`, `column "triple"`, `but is numeric not null generated`},
	{"table.column.as.type", orderTable + `ALTER COLUMN triple DROP EXPRESSION`, `column "triple"`, `stored, but is numeric not null in`},
	{"table.column.comment", `COMMENT ON COLUMN "Shop Floor"."order"."Id" IS 'no'`, `column "Id" {` + "\n    type    = int\n    comment", `the comment on column "Id" of table "order" is 'no'`},
	{"table.column.identity", `ALTER TABLE "Shop Floor".customer ALTER COLUMN "Id" DROP IDENTITY`, `column "Id"`, `but is bigint not null in`},
	{"table.column.identity.generated", `ALTER TABLE "Shop Floor".customer ALTER COLUMN "Id" SET GENERATED BY DEFAULT`, `column "Id"`, `but is bigint not null generated by default`},
	{"table.column.identity.start", `ALTER TABLE "Shop Floor".customer ALTER COLUMN "Id" SET START 11`, `column "Id"`, `start 11`},
	{"table.column.identity.increment", `ALTER TABLE "Shop Floor".customer ALTER COLUMN "Id" SET INCREMENT 6`, `column "Id"`, `increment 6`},

	{"table.primary_key", `ALTER TABLE "Shop Floor".customer DROP CONSTRAINT customer_pkey CASCADE`, `table "customer"|primary_key`, `primary_key of table customer is missing`},
	{"table.primary_key", orderTable + `RENAME CONSTRAINT "order key" TO order_pkey`, `primary_key "order key"`, `"order key" is named order_pkey`},
	{"table.primary_key.columns", orderTable + `DROP CONSTRAINT "order key" CASCADE, ADD CONSTRAINT "order key" PRIMARY KEY ("Id", code) INCLUDE (total)`, `primary_key "order key"`, `declared as PRIMARY KEY ("Id") INCLUDE (total), but is PRIMARY KEY ("Id", code) INCLUDE (total)`},
	{"table.primary_key.include", orderTable + `DROP CONSTRAINT "order key" CASCADE, ADD CONSTRAINT "order key" PRIMARY KEY ("Id")`, `primary_key "order key"`, `but is PRIMARY KEY ("Id") in`},

	{"table.foreign_key", orderTable + `DROP CONSTRAINT "of parent"`, `foreign_key "of parent"`, `foreign_key "of parent" of table "order" is missing`},
	{"table.foreign_key", orderTable + `RENAME CONSTRAINT "of parent" TO order_parent_fkey`, `foreign_key "of parent"`, `"of parent" is named order_parent_fkey`},
	{"table.foreign_key.columns", orderTable + `DROP CONSTRAINT "of parent", ADD CONSTRAINT "of parent" FOREIGN KEY ("Id") REFERENCES "Shop Floor"."order" ON DELETE CASCADE`, `foreign_key "of parent"`, `but is FOREIGN KEY ("Id")`},
	{"table.foreign_key.ref_columns", orderTable + `DROP CONSTRAINT "of parent", ADD CONSTRAINT "of parent" FOREIGN KEY (parent) REFERENCES "Shop Floor"."order" (total) ON DELETE CASCADE`, `foreign_key "of parent"`, `REFERENCES "Shop Floor"."order"(total)`},
	{"table.foreign_key.on_delete", orderTable + `DROP CONSTRAINT "of parent", ADD CONSTRAINT "of parent" FOREIGN KEY (parent) REFERENCES "Shop Floor"."order"`, `foreign_key "of parent"`, `ON DELETE CASCADE, but is`},
	{"table.foreign_key.on_update", orderTable + `DROP CONSTRAINT "order→customer", ADD CONSTRAINT "order→customer" FOREIGN KEY ("customer id") REFERENCES "Shop Floor".customer ON UPDATE CASCADE ON DELETE SET NULL`, `foreign_key "order→customer"`, `ON UPDATE SET NULL ON DELETE SET NULL, but is`},

	{"table.index", `DROP INDEX "Shop Floor"."by data"`, `index "by data"`, `index "by data" of table "order" is missing`},
	{"table.index", `ALTER INDEX "Shop Floor"."by data" RENAME TO order_data_idx`, `index "by data"`, `"by data" is named order_data_idx`},
	{"table.index", `CREATE INDEX more ON "Shop Floor"."order" (paid)`, `table "order"`, `has index more`},
	{"table.index.columns", `DROP INDEX "Shop Floor"."by data"; CREATE INDEX "by data" ON "Shop Floor"."order" USING gin (tags)`, `index "by data"`, `USING gin (data), but is`},
	{"table.index.type", `DROP INDEX "Shop Floor"."by data"; CREATE INDEX "by data" ON "Shop Floor"."order" (data)`, `index "by data"`, `USING btree (data)`},
	{"table.index.comment", `COMMENT ON INDEX "Shop Floor"."by data" IS 'for nothing'`, `index "by data"`, `the comment on index "by data" of table "order" is 'for nothing'`},
	{"table.index.page_per_range", `ALTER INDEX "Shop Floor"."by id" SET (pages_per_range = 33)`, `index "by id"`, `WITH (pages_per_range='33')`},
	{"table.index.unique", `DROP INDEX "Shop Floor"."by code"; ` + byCode("unique", ""), `index "by code"`, `but is CREATE INDEX`},
	{"table.index.nulls_distinct", `DROP INDEX "Shop Floor"."by code"; ` + byCode("NULLS NOT DISTINCT", ""), `index "by code"`, `INCLUDE (paid) WHERE paid`},
	{"table.index.include", `DROP INDEX "Shop Floor"."by code"; ` + byCode("INCLUDE (paid)", ""), `index "by code"`, `code COLLATE "POSIX") NULLS NOT DISTINCT WHERE paid`},
	{"table.index.where", `DROP INDEX "Shop Floor"."by code"; ` + byCode("WHERE paid", "WHERE NOT paid"), `index "by code"`, `WHERE (NOT paid)`},
	{"table.index.on", `DROP INDEX "Shop Floor"."by code"; ` + byCode(", parent NULLS FIRST", ""), `index "by code"`, `DESC NULLS LAST, lower(code)`},
	{"table.index.on.column", `DROP INDEX "Shop Floor"."by code"; ` + byCode("parent", "total"), `index "by code"`, `total NULLS FIRST`},
	{"table.index.on.ops", `DROP INDEX "Shop Floor"."by code"; ` + byCode("code text_pattern_ops", "code"), `index "by code"`, `btree (code DESC NULLS LAST`},
	{"table.index.on.desc", `DROP INDEX "Shop Floor"."by code"; ` + byCode("DESC NULLS LAST", "NULLS LAST"), `index "by code"`, `btree (code text_pattern_ops, parent`},
	{"table.index.on.nulls_last", `DROP INDEX "Shop Floor"."by code"; ` + byCode("DESC NULLS LAST", "DESC"), `index "by code"`, `DESC, parent`},
	{"table.index.on.nulls_first", `DROP INDEX "Shop Floor"."by code"; ` + byCode("parent NULLS FIRST", "parent"), `index "by code"`, `LAST, parent, lower`},
	{"table.index.on.expr", `DROP INDEX "Shop Floor"."by code"; ` + byCode("lower(code)", "upper(code)"), `index "by code"`, `upper(code) text_pattern_ops`},

	{"table.unique", orderTable + `DROP CONSTRAINT "by total"`, `unique "by total"`, `unique "by total" of table "order" is missing`},
	{"table.unique", orderTable + `RENAME CONSTRAINT "by total" TO order_total_key`, `unique "by total"`, `"by total" is named order_total_key`},
	{"table.unique.columns", orderTable + `DROP CONSTRAINT "by parent", ADD CONSTRAINT "by parent" UNIQUE NULLS NOT DISTINCT (code, parent) INCLUDE (paid)`, `unique "by parent"`, `but is UNIQUE NULLS NOT DISTINCT (code, parent)`},
	{"table.unique.include", orderTable + `DROP CONSTRAINT "by parent", ADD CONSTRAINT "by parent" UNIQUE NULLS NOT DISTINCT (parent, code)`, `unique "by parent"`, `but is UNIQUE NULLS NOT DISTINCT (parent, code) in`},
	{"table.unique.nulls_distinct", orderTable + `DROP CONSTRAINT "by parent", ADD CONSTRAINT "by parent" UNIQUE (parent, code) INCLUDE (paid)`, `unique "by parent"`, `but is UNIQUE (parent, code) INCLUDE (paid)`},
	{"table.unique.comment", `COMMENT ON INDEX "Shop Floor"."by parent" IS NULL`, `unique "by parent"`, `the comment on unique "by parent" of table "order" is missing`},
	{"table.unique.on", orderTable + `DROP CONSTRAINT "by total", ADD CONSTRAINT "by total" UNIQUE (total, paid)`, `unique "by total"`, `but is UNIQUE (total, paid)`},
	{"table.unique.on.column", orderTable + `DROP CONSTRAINT "by total", ADD CONSTRAINT "by total" UNIQUE (paid)`, `unique "by total"`, `but is UNIQUE (paid)`},
	{"table.check", orderTable + `DROP CONSTRAINT "not negative"`, `check "not negative"`, `check "not negative" of table "order" is missing`},
	{"table.check", orderTable + `ADD CONSTRAINT more CHECK (paid)`, `table "order"`, `has constraint more (CHECK (paid))`},
	{"table.check.expr", orderTable + `DROP CONSTRAINT "not negative", ADD CONSTRAINT "not negative" CHECK (total > 0)`, `check "not negative"`, `but is CHECK ((total > (0)::numeric))`},

	{"table.partition", eventTable("at, lower(kind)", ""), `table "public" "event"`, `declared as partitioned by RANGE (at, lower(kind)), but is ordinary`},
	{"table.partition.type", `DROP TABLE "Shop Floor".event; CREATE TABLE "Shop Floor".event (number int NOT NULL) PARTITION BY RANGE (number)`, `table "Shop Floor" "event"`, `declared as partitioned by LIST (number), but is partitioned by RANGE (number)`},
	{"table.partition.columns", `DROP TABLE "Shop Floor".event; CREATE TABLE "Shop Floor".event (number int NOT NULL, more int) PARTITION BY LIST (more)`, `table "Shop Floor" "event"`, `but is partitioned by LIST (more)`},
	{"table.partition.by", eventTable("at, lower(kind)", "PARTITION BY RANGE (at)"), `table "public" "event"`, `but is partitioned by RANGE (at)`},
	{"table.partition.by.column", eventTable("at, lower(kind)", "PARTITION BY RANGE (number, lower(kind))"), `table "public" "event"`, `but is partitioned by RANGE (number, lower(kind))`},
	{"table.partition.by.expr", eventTable("at, lower(kind)", "PARTITION BY RANGE (at, upper(kind))"), `table "public" "event"`, `but is partitioned by RANGE (at, upper(kind))`},
}

// byCode creates the index "by code" of everything.hcl with old replaced by new.
func byCode(old, new string) string {
	sql := `CREATE unique INDEX "by code" ON "Shop Floor"."order" (code text_pattern_ops DESC NULLS LAST, parent NULLS FIRST, lower(code) text_pattern_ops, (code COLLATE "POSIX")) INCLUDE (paid) NULLS NOT DISTINCT WHERE paid`
	if strings.Count(sql, old) == 0 {
		panic("no " + old)
	}
	return strings.Replace(sql, old, new, 1)
}

func eventTable(_, partition string) string {
	return "DROP TABLE public.event; CREATE TABLE public.event (at timestamptz(3) NOT NULL DEFAULT now(), kind text NOT NULL, number serial) " + partition
}

// TestConfirmFindsEachAttribute changes what each attribute and block of a schema file creates, one after the other.
// confirm reports the change and its line in the file.
func TestConfirmFindsEachAttribute(t *testing.T) {
	s, src := everything(t)
	if found := confirmAfter(t, s, src, ""); found != nil {
		t.Fatalf("in a database that is as declared: %v", found)
	}
	covered := map[string]bool{}
	for _, x := range sabotages {
		covered[x.of] = true
		t.Run(x.of, func(t *testing.T) {
			line := lineOf(t, src, strings.Split(x.at, "|")...)
			found := confirmAfter(t, s, src, x.sql)
			if !slices.ContainsFunc(found, func(e *schemahcl.Error) bool { return e.Line == line && strings.Contains(e.Msg, x.says) }) {
				t.Errorf("%s\nnot found in line %d as %q:\n%v", x.sql, line, x.says, found)
			}
		})
	}
	// These only name something elsewhere or are only read by the engine.
	for _, path := range []string{"variable", "variable.type", "variable.default", "variable.description", "locals"} {
		covered[path] = true
	}
	paths, err := os.ReadFile("../schemahcl/testdata/strict/paths.txt")
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.Lines(string(paths)) {
		if path = strings.TrimSpace(path); !covered[path] {
			t.Errorf("no case changes what %s creates", path)
		}
	}
}

// TestConfirmFindsEachLine drops the object of each line of a catalog, and confirm reports it.
func TestConfirmFindsEachLine(t *testing.T) {
	s, src := everything(t)
	for _, line := range catalogLines(t, s) {
		l, err := catalog.ParseLine(line)
		if err != nil {
			t.Fatal(err)
		}
		kind, name, comment := l.Kind, l.Name, l.Comment
		table, last := catalog.CutName(name)
		var sql string
		switch {
		case comment && kind == "index":
			sql = "COMMENT ON INDEX " + parent(table) + "." + last + " IS NULL"
		case comment:
			sql = "COMMENT ON " + kind + " " + name + " IS NULL"
		case kind == "column":
			sql = "ALTER TABLE " + table + " DROP COLUMN " + last + " CASCADE"
			if strings.HasPrefix(name, "public.event.") || name == `"Shop Floor".event.number` { // PostgreSQL doesn't drop a partition key
				sql = "ALTER TABLE " + table + " RENAME COLUMN " + last + " TO other"
			}
		case kind == "constraint":
			sql = "ALTER TABLE " + table + " DROP CONSTRAINT " + last + " CASCADE"
		case kind == "index":
			sql = "DROP INDEX " + parent(table) + "." + last
		case kind == "sequence", kind == "schema", kind == "table":
			sql = "DROP " + kind + " " + name + " CASCADE"
		case kind == "enum":
			sql = "DROP TYPE " + name + " CASCADE"
		default:
			t.Fatalf("unknown kind %s", kind)
		}
		found := confirmAfter(t, s, src, sql)
		if len(found) == 0 {
			t.Errorf("%s\nand nothing is missing", sql)
		}
		for _, e := range found {
			if e.Line <= 1 {
				t.Errorf("%s\nhas no position: %v", sql, e)
			}
		}
	}
}

// Objects without a name in the file are compared by definition.
func TestConfirmWithoutNames(t *testing.T) {
	src := `schema "public" {}
table "t" {
  schema = schema.public
  column "id" { type = int }
  column "a" {
    type = int
    null = true
  }
  primary_key { columns = [column.id] }
  index { columns = [column.a] }
  index { columns = [column.a] }
  index { columns = [column.id] }
  check { expr = "a > 0" }
  check { expr = "a > 0" }
  check { expr = "a > 1" }
  foreign_key {
    columns = [column.a]
    ref_columns = [column.id]
  }
  foreign_key {
    columns = [column.a]
    ref_columns = [column.id]
  }
}
`
	s, err := Desired(t.Context(), pgtest.Server(t), "schema.hcl", []byte(src), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"t_pkey", "t_a_check", "t_a_check1", "t_a_check2", "t_a_fkey", "t_a_fkey1"} {
		if found := confirmAfter(t, s, src, "ALTER TABLE t DROP CONSTRAINT "+name+" CASCADE"); len(found) == 0 || !strings.Contains(found[0].Msg, "is missing") {
			t.Errorf("%s is not reported: %v", name, found)
		}
	}
	for _, name := range []string{"t_a_idx", "t_a_idx1", "t_id_idx"} {
		if found := confirmAfter(t, s, src, "DROP INDEX "+name); len(found) != 1 || !strings.Contains(found[0].Msg, "index of table t is missing") {
			t.Errorf("%s is not reported: %v", name, found)
		}
	}
	if found := confirmAfter(t, s, src, "DROP INDEX t_id_idx; CREATE INDEX ON t (id, a)"); len(found) != 2 {
		t.Errorf("one index instead of another: %v", found)
	}
	for _, sql := range []string{"ALTER TABLE t RENAME CONSTRAINT t_a_check TO positive", "ALTER INDEX t_a_idx RENAME TO by_a", "ALTER TABLE t RENAME CONSTRAINT t_pkey TO t_key"} {
		if found := confirmAfter(t, s, src, sql); len(found) != 0 {
			t.Errorf("%s: %v", sql, found)
		}
	}
}

// Names and texts that are hard to quote are as declared.
func TestConfirmNames(t *testing.T) {
	for _, name := range []string{
		"it's", "'quoted'", `'a\'`, "'", "''", "Mixed", "two words", "order", "a.b", "a: b", "ünïcödé", "$1", "declared '", "%d",
		"a;b--c", strings.Repeat("x", 63), `a\b`, "tab\there", "line\nbreak", "\u202eright", `"`, `a"b`, `"quoted"`, "${x}", "%{if}", `\"`,
	} {
		t.Run(name, func(t *testing.T) {
			ns, column := name, name
			src := fmt.Sprintf(`schema %[2]s {
  comment = %[1]s
}
schema "public" {}
enum %[3]s {
  schema = schema[%[2]s]
  values = [%[1]s, "two"]
}
table "t" {
  schema = schema[%[2]s]
  comment = %[1]s
  column %[3]s {
    type = serial
    comment = %[1]s
  }
  column "text" {
    type = text
    default = sql(%[6]s)
  }
  column "more" {
    type = text
    default = %[1]s
  }
  column "kind" {
    type = sql(%[4]s)
    default = sql(%[6]s)
  }
  primary_key "key" { columns = [column[%[3]s]] }
  unique "also" { columns = [column[%[3]s]] }
  index %[1]s {
    columns = [column[%[3]s]]
    comment = %[1]s
    where   = %[5]s
  }
  check %[1]s { expr = %[5]s }
  foreign_key "foreign" {
    columns     = [column[%[3]s]]
    ref_columns = [column[%[3]s]]
  }
}
`, hclString(name), hclString(ns), hclString(column), hclString(pgsql.QualifiedIdent(ns, column)), hclString("text <> "+pgsql.Literal(name)), hclString(pgsql.Literal(name)))
			// Indexes and enums share a namespace.
			src = strings.Replace(src, "index "+hclString(name), "index "+hclString("i"+strings.TrimSuffix(name, "x")), 1)
			s, err := Desired(t.Context(), pgtest.Server(t), "schema.hcl", []byte(src), catalog.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if found := confirmAfter(t, s, src, "ALTER TABLE "+pgsql.QualifiedIdent(ns, "t")+" DROP CONSTRAINT also CASCADE"); len(found) == 0 {
				t.Error("a missing unique constraint is not reported")
			}
		})
	}
}

func hclString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}

// TestDesiredIsConfirmed has schema files that PostgreSQL or the engine misread.
func TestDesiredIsConfirmed(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"a key column that may be null", `
  column "k" {
    type = int
    null = true
  }
  primary_key { columns = [column.k] }
}`, `schema.hcl:15:3: column k of table t is declared as integer, but is integer not null in the database created from this file; the columns of a primary key are never null: remove null = true`},
		{"a second column in a default", `
  column "k" {
    type    = int
    default = sql("1, extra int")
  }
}`, `schema.hcl:9:1: table t: syntax error at or near "int" (SQLSTATE 42601); correct the schema file`},
		{"an option in a check", `
  check "c" { expr = "true) NO INHERIT, CHECK (false" }
}`, `schema.hcl:15:3: check c of table t: `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Desired(t.Context(), pgtest.Server(t), "schema.hcl", []byte(testcase.TableHCL+strings.TrimPrefix(tt.body, "\n")+"\n"), catalog.Options{})
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if len(schemaErrors(t, err)) == 0 {
				t.Errorf("%T", err)
			}
		})
	}
}
