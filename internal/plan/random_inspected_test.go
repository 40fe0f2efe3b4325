package plan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// How many random databases are inspected, and how many on each major of the full tests.
const (
	randomDatabases = 200
	fullDatabases   = 5000
)

// TestRandomInspected inspects random databases. The file is checked without a difference. One ordinary edit of the
// file is then planned, and nothing else, so nothing is planned for the untouched database. It is applied and reverted.
func TestRandomInspected(t *testing.T) {
	first, n := which(t, "PLAN_DATABASES", randomDatabases, fullDatabases)
	var mu sync.Mutex
	count := map[string]int{}
	t.Run("database", func(t *testing.T) {
		for i := first; i < first+n; i++ {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				sql := databases.Example(i)
				defer func() {
					if t.Failed() {
						t.Logf("again: PLAN_DATABASES=%d-%[1]d SCHEMA_TEST_MAJOR=%d go test ./internal/plan -run TestRandomInspected\n%s", i, pgtest.Server(t).VersionNum()/10000, sql)
					}
				}()
				outcome := inspectRandom(t, sql, i)
				mu.Lock()
				defer mu.Unlock()
				count[outcome]++
			})
		}
	})
	t.Attr("databases", fmt.Sprint(n))
	for outcome, n := range count {
		t.Attr("databases-"+outcome, fmt.Sprint(n))
	}
	if !t.Failed() && n >= randomDatabases && count["there-and-back"] < n/2 {
		t.Errorf("too few edits run both ways: %v", count)
	}
}

func inspectRandom(t *testing.T, sql string, i int) (outcome string) {
	live := created(t, sql)
	hcl := inspected(t, live.DB.ConnConfig(), catalog.Options{})
	edited := edits[i%len(edits)](string(hcl))
	w, want := proposeFor(t, live, []byte(edited))
	// What the edit's plan doesn't contain isn't planned for the untouched database either.
	if w == nil || os.Getenv("SCHEMA_TEST_FULL") != "" {
		untouched, _ := proposeFor(t, live, hcl)
		if untouched == nil {
			return "failed"
		}
		for _, f := range untouched.files {
			t.Errorf("planned for an untouched database: %s\n%s", f.Name, f.SQL)
		}
	}
	if w == nil {
		return "refused"
	}
	thereAndBack(t, live, w.files, want, func(sql string) bool { return strings.Contains(sql, "added") })
	return "there-and-back"
}

// proposeFor plans from live to the schema file. It returns nil if the plan is refused, and otherwise also what the
// file declares.
func proposeFor(t *testing.T, live *state.State, hcl []byte) (*proposal, catalog.Catalog) {
	t.Helper()
	ctx := t.Context()
	if err := live.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	desired, err := state.DesiredOn(ctx, live, "schema.hcl", hcl)
	if err != nil {
		t.Errorf("%v\n%s", err, hcl)
		return nil, catalog.Catalog{}
	}
	defer func() {
		desired.Close()
		_ = desired.DB.Drop(context.Background()) // the server is stopped anyway
	}()
	p := newProject(t)
	p.rename = online.RenameNone
	w, err := propose(ctx, p.config(), live, desired)
	var refusal *RefusedError
	if errors.As(err, &refusal) {
		return nil, catalog.Catalog{}
	}
	if err != nil {
		t.Errorf("%v\n%s", err, hcl)
		return nil, catalog.Catalog{}
	}
	want, _ := state.Split(desired.Catalog)
	return w, want
}

// inTable inserts text at the end of the first table that isn't partitioned, or adds a table.
func inTable(text string) func(string) string {
	return func(hcl string) string {
		for _, at := range regexp.MustCompile(`(?ms)^table .*?^}\n`).FindAllStringIndex(hcl, -1) {
			if end := at[1] - len("}\n"); !strings.Contains(hcl[at[0]:end], "\n  partition {") {
				return hcl[:end] + text + hcl[end:]
			}
		}
		return addTable(hcl)
	}
}

func addTable(hcl string) string {
	return hcl + "table \"added\" {\n  schema = schema.public\n  column \"id\" {\n    type = bigserial\n  }\n  column \"of\" {\n    type = time(6)\n  }\n" +
		"  primary_key {\n    columns = [column.id]\n  }\n}\n"
}

// edits are ordinary edits of a schema file.
var edits = []func(string) string{
	inTable("  column \"added\" {\n    type = text\n    null = true\n    default = \"'\\\"\"\n  }\n"),
	inTable("  column \"added\" {\n    type = timestamptz(6)\n    null = true\n  }\n  index \"added_index\" {\n    columns = [column.added]\n  }\n"),
	inTable("  check \"added_check\" {\n    expr = \"2 > 1\"\n  }\n"),
	inTable("  column \"added\" {\n    type = bigint\n    default = 5\n  }\n  unique \"added_key\" {\n    columns = [column.added]\n  }\n"),
	addTable,
	func(hcl string) string {
		return hcl + "enum \"added\" {\n  schema = schema.public\n  values = [\"it's\", \"\\\"\"]\n}\n"
	},
}

// oddNames are names that need quoting somewhere.
var oddNames = []string{"plain", "Mixed Case", `a"b`, `a\b`, "it's", "select", "ünï", "${x}", "%{if}", "a.b", "$1", "1st", "tab\there", "'", `"`, "null", "table"}

// randomTypes are types of columns and their possible defaults. Some need a function, a sequence or a type that every
// database has.
var randomTypes = []struct {
	typ      string
	defaults []string
	key      bool // it can be in an index, and there is a constant of it to compare with
}{
	{"int", []string{"5", "-5", "'7'", "'3'::bigint", "nextval('numbers')", "(1 + 2)"}, true},
	{"bigint", []string{"0", "'0'::bigint", "9223372036854775807", "nextval('\"Odd''s S\".\"n\"\"o\"')", "'-1'::int"}, true},
	{"smallint", []string{"1", "'1'::smallint"}, true},
	{"numeric", []string{"0.5", "-0.5", "'NaN'", "1.50", "0.12345678901234567890"}, true},
	{"numeric(10,2)", []string{"1", "'0.1'", "0.10"}, true},
	{"real", []string{"0.1", "'Infinity'"}, true},
	{"double precision", []string{"'NaN'", "'-Infinity'", "1e30", "0.1::numeric"}, true},
	{"boolean", []string{"true", "'no'", "(1 > 0)"}, true},
	{"text", []string{`'"q"'`, "'''x'''", "''", "'it''s'", `'a\b'`, "'5'", "'true'", "''::varchar", "'${x}'", "upper('x')", "f()", "CURRENT_USER", `E'a\nb'`, "NULL", "'now()'"}, true},
	{"varchar(20)", []string{"'x'", "'x'::text", "''"}, true},
	{"char(3)", []string{"'abc'", "''"}, true},
	{`text COLLATE "C"`, []string{`'"'`}, true},
	{"date", []string{"'2020-01-01'", "'2020-01-01'::timestamp", "CURRENT_DATE", "'infinity'"}, true},
	{"timestamp", []string{"now()", "'2020-01-01 00:00:00'", "'2020-01-01'::date", "timezone('utc', now())"}, true},
	{"timestamp(6)", []string{"CURRENT_TIMESTAMP"}, true},
	{"timestamptz(3)", []string{"now()", "'2020-01-01 00:00:00'::timestamp", "'2020-01-01 00:00:00+02'"}, true},
	{"timestamptz(6)", nil, true},
	{"time(6)", []string{"'12:00'"}, true},
	{"timetz", []string{"'12:00+02'"}, true},
	{"interval(6)", []string{"'1 day'"}, true},
	{"interval day to second(2)", []string{"'1 02:00:00'"}, true},
	{"jsonb", []string{`'"open"'`, `'{}'`, `'"{}"'`, "'null'", "'{}'::json"}, false},
	{"json", []string{"'[]'", `'"x"'`}, false},
	{"uuid", []string{"gen_random_uuid()", "'00000000-0000-0000-0000-000000000000'"}, true},
	{"bytea", []string{`'\xdead'`}, true},
	{"inet", []string{"'10.0.0.1'", "'10.0.0.1'::cidr"}, true},
	{"bit(3)", []string{"'101'"}, true},
	{"varbit", []string{"B'11'"}, true},
	{"money", []string{"'5'"}, true},
	{"xml", []string{"'<a/>'"}, false},
	{"point", []string{"'(1,2)'"}, false},
	{"int4range", []string{"'[1,5)'"}, false},
	{"text[]", []string{"'{}'", "ARRAY['a']", `'{"a b"}'::varchar[]`}, true},
	{"timestamp(6)[]", nil, true},
	{`"char"`, []string{"'x'"}, true},
	{`"Odd's S"."E ""x"""`, []string{`'"z"'`, "'it''s'"}, true},
	{`"Odd's S"."E ""x"""[]`, []string{"'{}'"}, true},
	{`"user"[]`, nil, true},
	{`"D o"`, []string{"'d'"}, true},
	{"pair", nil, true},
}

// databases generates the statements that create a database: two schemas, and four to eight tables with what a schema
// file can express, and with what it can't.
var databases = rapid.Custom(func(t *rapid.T) string {
	b := &databaseMaker{T: t}
	b.say(`CREATE SCHEMA "Odd's S"`)
	b.say(`CREATE TYPE "Odd's S"."E ""x""" AS ENUM ('it''s', '"z"', 'a\b')`)
	b.say(`CREATE TYPE "user" AS ENUM ('a', '''q''')`)
	b.say(`CREATE DOMAIN "D o" AS text`)
	b.say(`CREATE TYPE pair AS (a int, "B" text)`)
	b.say(`CREATE SEQUENCE numbers INCREMENT BY 3`)
	b.say(`CREATE SEQUENCE "Odd's S"."n""o"`)
	b.say(`CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''x'''`)
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(oddNames)-1), 4, 8, rapid.ID[int]).Draw(t, "tables") {
		b.table(strings.Replace(oddNames[n], "null", "Null table", 1)) // the engine refuses a table named null
	}
	return strings.Join(b.stmts, ";\n") + ";\n"
})

type databaseMaker struct {
	*rapid.T
	stmts  []string
	tables []string // with a primary key of an int column "k"
	names  int
}

func (b *databaseMaker) say(sql string)       { b.stmts = append(b.stmts, sql) }
func (b *databaseMaker) yes(what string) bool { return rapid.Bool().Draw(b.T, what) }
func (b *databaseMaker) rare(what string) bool {
	return rapid.IntRange(0, 4).Draw(b.T, what) == 3
}
func (b *databaseMaker) one(list ...string) string { return rapid.SampledFrom(list).Draw(b.T, "one") }

// name returns a new quoted name.
func (b *databaseMaker) name() string {
	b.names++
	return pgsql.Ident(fmt.Sprintf("%s %d", b.one(oddNames...), b.names))
}

func (b *databaseMaker) table(plain string) {
	schema := b.one("public", "Odd's S")
	table := pgsql.QualifiedIdent(schema, plain)
	partitioned, child := b.rare("partitioned"), ""
	k := "k int NOT NULL"
	if !partitioned {
		k = b.one(k, "k int NOT NULL", "k serial", "k int GENERATED ALWAYS AS IDENTITY", "k int GENERATED BY DEFAULT AS IDENTITY (START WITH -5 MINVALUE -5)", "k int GENERATED ALWAYS AS IDENTITY (INCREMENT BY -2)")
	}
	lines := []string{k}
	var columns, keys []string
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(oddNames)-1), 1, 8, rapid.ID[int]).Draw(b.T, "columns") {
		typ := rapid.SampledFrom(randomTypes).Draw(b.T, "type")
		name := pgsql.Ident(oddNames[n])
		line := name + " " + typ.typ
		if len(typ.defaults) > 0 && b.yes("default") {
			line += " DEFAULT " + b.one(typ.defaults...)
		}
		if b.rare("not null") {
			line += " NOT NULL"
		}
		lines = append(lines, line)
		columns = append(columns, name)
		if typ.key && typ.typ != "pair" && !strings.Contains(typ.typ, "varbit") {
			keys = append(keys, name)
		}
	}
	if b.rare("generated") {
		lines = append(lines, `"g e" int GENERATED ALWAYS AS (k * 2) STORED`)
		keys = append(keys, `"g e"`)
	}
	if partitioned || b.yes("primary key") {
		lines = append(lines, "CONSTRAINT "+b.name()+" PRIMARY KEY (k)")
	} else {
		lines = append(lines, "PRIMARY KEY (k)")
	}
	if b.rare("check") {
		lines = append(lines, "CHECK (1 > 0)")
	}
	whole := !partitioned && b.rare("whole row") // forbids children
	if whole {
		lines = append(lines, "CONSTRAINT "+b.name()+" CHECK ("+pgsql.Ident(plain)+" IS NOT NULL)")
	}
	if b.rare("column's check") {
		lines = append(lines, "CONSTRAINT "+b.name()+" CHECK ("+columns[0]+" IS NOT NULL OR k > 0)"+b.one("", "", " NO INHERIT"))
		if partitioned {
			lines[len(lines)-1] = strings.TrimSuffix(lines[len(lines)-1], " NO INHERIT")
		}
	}
	if !partitioned && b.rare("exclusion") {
		lines = append(lines, "CONSTRAINT "+b.name()+" EXCLUDE (k WITH =)")
	}
	sql := "CREATE TABLE " + table + " (\n  " + strings.Join(lines, ",\n  ") + "\n)"
	if partitioned {
		sql += " PARTITION BY RANGE (k)"
		child = pgsql.QualifiedIdent(schema, plain+" child")
	} else if b.rare("fillfactor") {
		sql += " WITH (fillfactor = 70)"
	}
	b.say(sql)
	if child != "" {
		b.say("CREATE TABLE " + child + " PARTITION OF " + table + " FOR VALUES FROM (1) TO (10)")
	}
	for len(keys) > 0 && b.yes("index") {
		name := b.name()
		b.say("CREATE " + b.one("", "", "UNIQUE ") + "INDEX " + name + " ON " + table + " (" + b.one(keys...) + b.one("", " DESC", " DESC NULLS LAST") + ", k)" +
			b.one("", " INCLUDE ("+columns[0]+")") + b.one("", " WHERE k > 0"))
		if b.rare("comment") {
			b.say("COMMENT ON INDEX " + pgsql.Ident(schema) + "." + name + " IS '''it''s'''")
		}
		if b.rare("enough") {
			break
		}
	}
	if b.rare("expression") {
		b.say("CREATE INDEX " + b.name() + " ON " + table + " ((k + 1), (" + columns[0] + " IS NULL))")
	}
	if !partitioned && len(keys) > 0 && b.yes("unique") {
		name := b.name()
		b.say("ALTER TABLE " + table + " ADD CONSTRAINT " + name + " UNIQUE (" + b.one(keys...) + ")" + b.one("", "", " DEFERRABLE"))
		if b.rare("comment") {
			b.say("COMMENT ON INDEX " + pgsql.Ident(schema) + "." + name + " IS 'a\\b'")
			b.say("COMMENT ON CONSTRAINT " + name + " ON " + table + " IS '\"'")
		}
	}
	if b.rare("comments") {
		b.say("COMMENT ON TABLE " + table + " IS 'über; -- \"x\"'")
		b.say("COMMENT ON COLUMN " + table + "." + columns[0] + " IS '''${x}'''")
	}
	for _, other := range b.tables {
		if b.rare("foreign key") && !partitioned {
			b.say("ALTER TABLE " + table + " ADD CONSTRAINT " + b.name() + " FOREIGN KEY (k) REFERENCES " + other + b.one("", " ON DELETE CASCADE", " ON UPDATE SET NULL", " DEFERRABLE", " MATCH FULL"))
		}
	}
	if b.rare("view") {
		b.say("CREATE VIEW " + pgsql.QualifiedIdent(schema, plain+" view") + " AS SELECT k FROM " + table)
	}
	if b.rare("policy") {
		b.say("CREATE POLICY " + b.name() + " ON " + table + " USING (k > 0)")
	}
	if b.rare("child") && !partitioned && !whole {
		b.say("CREATE TABLE " + pgsql.QualifiedIdent(schema, plain+" heir") + " () INHERITS (" + table + ")")
	}
	if !partitioned {
		b.tables = append(b.tables, table)
	}
}
