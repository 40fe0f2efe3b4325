package plan

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// published are tables whose replica identity is an index, with the statements that create them and what the schema
// file then declares.
var published = []struct{ name, sql, hcl string }{
	{"held", `CREATE TABLE held (a text NOT NULL, b int NOT NULL); CREATE UNIQUE INDEX held_x ON held (a text_pattern_ops)`,
		`column "a" { type = int }
		column "b" { type = int }
		index "held_x" {
			unique  = true
			columns = [column.a]
		}`},
	{"changed", `CREATE TABLE changed (a int NOT NULL, b int NOT NULL); CREATE UNIQUE INDEX changed_x ON changed (a)`,
		`column "a" { type = int }
		column "b" { type = int }
		index "changed_x" {
			unique  = true
			columns = [column.b]
		}`},
	{"constrained", `CREATE TABLE constrained (a int NOT NULL, b int NOT NULL, CONSTRAINT constrained_x UNIQUE (a))`,
		`column "a" { type = int }
		column "b" { type = int }
		unique "constrained_x" { columns = [column.b] }`},
	{"passed", `CREATE TABLE passed (a int NOT NULL, b int NOT NULL); CREATE UNIQUE INDEX passed_x ON passed (a)`,
		`column "a" { type = int }
		column "b" { type = int }
		unique "passed_x" { columns = [column.b] }`},
	{"passed_back", `CREATE TABLE passed_back (a int NOT NULL, b int NOT NULL, CONSTRAINT passed_back_x UNIQUE (a))`,
		`column "a" { type = int }
		column "b" { type = int }
		index "passed_back_x" {
			unique  = true
			columns = [column.b]
		}`},
	{"promoted", `CREATE TABLE promoted (a int NOT NULL, b int NOT NULL, CONSTRAINT promoted_x UNIQUE (a))`,
		`column "a" { type = int }
		column "b" { type = int }
		primary_key "promoted_x" { columns = [column.a] }`},
	{"demoted", `CREATE TABLE demoted (a int NOT NULL, b int NOT NULL, CONSTRAINT demoted_x UNIQUE (a))`,
		`column "a" { type = int }
		column "b" { type = int }
		index "demoted_x" {
			unique  = true
			columns = [column.a]
		}`},
	{"regenerated", `CREATE TABLE regenerated (a int NOT NULL, b int NOT NULL, g int NOT NULL GENERATED ALWAYS AS (a * 2) STORED); CREATE UNIQUE INDEX regenerated_x ON regenerated (g)`,
		`column "a" { type = bigint }
		column "b" { type = int }
		column "g" {
			type = int
			as {
				expr = "a * 2"
				type = STORED
			}
		}
		index "regenerated_x" {
			unique  = true
			columns = [column.g, column.b]
		}`},
	{"regenerated_too", `CREATE TABLE regenerated_too (a int NOT NULL, b int NOT NULL, g int NOT NULL GENERATED ALWAYS AS (a * 2) STORED, CONSTRAINT regenerated_too_x UNIQUE (g))`,
		`column "a" { type = bigint }
		column "b" { type = int }
		column "g" {
			type = int
			as {
				expr = "a * 2"
				type = STORED
			}
		}
		index "regenerated_too_x" {
			unique  = true
			columns = [column.b]
		}`},
	{"enumerated", `CREATE TYPE mood AS ENUM ('sad', 'ok', 'bad'); CREATE TABLE enumerated (a int NOT NULL, b int NOT NULL, m mood NOT NULL DEFAULT 'ok', g boolean NOT NULL GENERATED ALWAYS AS (m = 'ok') STORED);
		CREATE UNIQUE INDEX enumerated_x ON enumerated (a, g)`,
		`column "a" { type = bigint }
		column "b" { type = int }
		column "m" {
			type    = enum.mood
			default = "ok"
		}
		column "g" {
			type = bool
			as {
				expr = "m = 'ok'"
				type = STORED
			}
		}
		index "enumerated_x" {
			unique  = true
			columns = [column.a, column.g, column.b]
		}`},
}

// TestPublishedTables changes indexes that are replica identities, up and down. After each transaction the published
// tables can be updated, and rows deleted.
func TestPublishedTables(t *testing.T) {
	create, hcl := "", "schema \"public\" {\n}\nenum \"mood\" {\n  schema = schema.public\n  values = [\"sad\", \"ok\"]\n}\n"
	for _, p := range published {
		create += fmt.Sprintf("%s;\nALTER TABLE %s REPLICA IDENTITY USING INDEX %[2]s_x;\n", p.sql, p.name)
		hcl += fmt.Sprintf("table %q {\n  schema = schema.public\n%s\n}\n", p.name, p.hcl)
	}
	p := newProject(t)
	p.HCL = []byte(hcl)
	p.Write(map[string]string{"20250101000000_base.sql": create})
	pl, err := Make(t.Context(), p.config())
	if err != nil {
		t.Fatal(err)
	}
	conn := pgtest.New(t).Conn()
	write := func(after string) {
		for _, p := range published {
			_, err := conn.PgConn().Exec(t.Context(), fmt.Sprintf("BEGIN; UPDATE %s SET b = -b; DELETE FROM %[1]s; ROLLBACK", p.name)).ReadAll()
			if err != nil {
				t.Errorf("%v after\n%s", err, after)
				if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	with := ""
	if pgtest.Server(t).VersionNum() >= 180000 {
		with = " WITH (publish_generated_columns = stored)" // a replica identity may contain only published columns
	}
	if _, err := conn.PgConn().Exec(t.Context(), create+"CREATE PUBLICATION p FOR TABLE "+publishedNames()+with).ReadAll(); err != nil {
		t.Fatal(err)
	}
	for _, p := range published {
		if _, err := conn.Exec(t.Context(), "INSERT INTO "+p.name+" (a, b) VALUES (1, 2)"); err != nil {
			t.Fatal(err)
		}
	}
	write("nothing")
	for _, f := range pl.Files {
		runEach(t, conn, f.up, write)
	}
	for _, f := range slices.Backward(pl.Files) {
		runEach(t, conn, f.down, write)
	}
	if t.Failed() {
		for _, f := range pl.Files {
			t.Logf("%s\n%s\ndown:\n%s", f.Name, f.SQL, f.Down)
		}
	}
}

func publishedNames() string {
	list := ""
	for _, p := range published {
		list += ", " + p.name
	}
	return list[2:]
}

// TestSaidMeanwhile runs statements that are legal before and after unique indexes change, after each transaction of
// the change and of its down files. Where they fail, the file says so.
func TestSaidMeanwhile(t *testing.T) {
	const create = `CREATE TABLE deferred (pos int NOT NULL, grp int NOT NULL, CONSTRAINT deferred_once UNIQUE (pos) DEFERRABLE);
CREATE TABLE named (a int NOT NULL, b int NOT NULL, CONSTRAINT named_once UNIQUE (a, b));
`
	legal := map[string]string{
		"deferred": "UPDATE deferred SET pos = 3 - pos",
		"named":    "INSERT INTO named VALUES (1, 2) ON CONFLICT ON CONSTRAINT named_once DO NOTHING",
	}
	columns := func(a, b string) string {
		return fmt.Sprintf("  schema = schema.public\n  column %q { type = int }\n  column %q { type = int }\n", a, b)
	}
	p := newProject(t)
	p.HCL = []byte(`schema "public" {}
table "deferred" {
` + columns("pos", "grp") + `  unique "deferred_once" { columns = [column.pos, column.grp] }
}
table "named" {
` + columns("a", "b") + `  unique "named_once" { columns = [column.a] }
}
`)
	p.Write(map[string]string{"20250101000000_base.sql": create})
	pl, err := Make(t.Context(), p.config())
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t)
	db.Exec(create + "INSERT INTO deferred VALUES (1, 1), (2, 1); INSERT INTO named VALUES (1, 1)")
	conn := db.Conn()
	failed := map[string]bool{}
	run := func(s proof.Script, hazards []hazard.Hazard) {
		runEach(t, conn, s, func(after string) {
			for table, statement := range legal {
				_, err := conn.PgConn().Exec(t.Context(), "BEGIN; "+statement+"; ROLLBACK").ReadAll()
				if err == nil {
					continue
				}
				if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
					t.Fatal(err)
				}
				failed[table] = true
				if pgsql.SQLState(err) != "23505" || !slices.ContainsFunc(hazards, func(h hazard.Hazard) bool {
					return h.Table == "public."+table && (h.Kind == hazard.Early || h.Kind == hazard.Conflict)
				}) {
					t.Errorf("%s says nothing of this: %v after\n%s", s.File, err, after)
				}
			}
		})
	}
	for _, f := range pl.Files {
		run(f.up, f.Hazards)
	}
	if len(failed) != len(legal) {
		t.Errorf("only these fail at times: %v", failed)
	}
	for _, f := range slices.Backward(pl.Files) {
		run(f.down, f.DownHazards)
	}
}
