package lint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

const missing = ` is missing: write one, or write in it that the migration cannot be reverted ("-- alembic:down none REASON"), and run rehash`

func TestDowns(t *testing.T) {
	up, down := "ALTER TABLE a ADD COLUMN z text;\n", "ALTER TABLE a DROP COLUMN z;\n"
	irreversible := lint.Policy{Checks: map[string]lint.Setting{"irreversible": {Skip: new(bool)}}}
	for _, test := range []struct {
		name   string
		files  map[string]string
		latest int
		policy lint.Policy
		want   []string
	}{
		{"reverts", map[string]string{second: up, "down/" + second: down}, 1, lint.Policy{}, nil},
		{"none in the project", map[string]string{second: up}, 1, lint.Policy{}, nil},
		{"missing", map[string]string{"down/" + first: "SELECT 1;", second: up}, 1, lint.Policy{},
			[]string{second + ":0:0: error down-file-missing IB615: the down file of " + second + missing}},
		{"says that there is none", map[string]string{second: up, "down/" + second: "-- alembic:down none it is so\n\n"}, 1, lint.Policy{}, nil},
		{"says so, and that is looked for", map[string]string{second: up, "down/" + second: "-- alembic:down none it is so\n\n"}, 1, irreversible,
			[]string{second + ":0:0: warning irreversible IB605: the migration can't be reverted: it is so"}},
		{"does too little", map[string]string{second: up, "down/" + second: "SELECT 1;\n"}, 1, lint.Policy{},
			[]string{"down/" + second + ":0:0: error down-file-wrong IB616: the down file does not revert its migration: column public.a.z is extra (text)"}},
		{"fails", map[string]string{second: up, "down/" + second: "SELECT 1;\nDROP TABLE nothing;\n"}, 1, lint.Policy{},
			[]string{"down/" + second + `:2:0: error down-file-wrong IB616: the down file fails: table "nothing" does not exist (SQLSTATE 42P01)`}},
		{"the first of two", map[string]string{
			second: up, "down/" + second: "SELECT 1;\n", third: "CREATE TABLE c (x int);\n", "down/" + third: "DROP TABLE c;\n",
		}, 2, lint.Policy{}, []string{"down/" + second + ":0:0: error down-file-wrong IB616: the down file does not revert its migration: column public.a.z is extra (text)"}},
		{"the second of two", map[string]string{
			second: up, "down/" + second: down, third: "CREATE TABLE c (x int);\n", "down/" + third: "SELECT 1;\n",
		}, 2, lint.Policy{}, []string{"down/" + third + ":0:0: error down-file-wrong IB616: the down file does not revert its migration: table public.c is extra"}},
		{"of a merged one", map[string]string{"down/" + first: "SELECT nothing;\n", second: up, "down/" + second: down}, 1, lint.Policy{}, nil},
		{"without a transaction", map[string]string{
			second:           "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON a (x);\n",
			"down/" + second: "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY i;\n",
		}, 1, lint.Policy{}, nil},
		{"commits in a transaction", map[string]string{
			second: up, "down/" + second: down + "DO $$ BEGIN WHILE EXISTS (SELECT FROM a) LOOP COMMIT; END LOOP; END $$;\n",
		}, 1, lint.Policy{}, []string{"down/" + second + ":2:1: error nontransactional-in-transaction TX101: the statement commits or rolls back, which PostgreSQL rejects in a transaction, and the file runs in one: it fails once there are rows that make it do that"}},
		{"runs twice", map[string]string{
			second: up, "down/" + second: "-- atlas:txmode none\n\n-- repeatable it does nothing\nDO $$ BEGIN END $$;\nDO $$ BEGIN END $$;\n" + down,
		}, 1, lint.Policy{}, []string{"down/" + second + ":5:1: error repeatable-unsaid IB509: if a run is interrupted before it records this statement, the next one repeats it"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.files[first] = plain
			r := mustRun(t, folder(t, test.files), lint.Config{Latest: test.latest, Policy: test.policy})
			if diff := cmp.Diff(test.want, findings(r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSchema changes the schema file and the migrations, one without the other.
func TestSchema(t *testing.T) {
	const (
		was = "schema \"public\" {}\ntable \"a\" {\n  schema = schema.public\n  column \"x\" {\n    type = int\n    null = true\n  }\n}\n"
		is  = "schema \"public\" {}\ntable \"a\" {\n  schema = schema.public\n  column \"x\" {\n    type = int\n    null = true\n  }\n  column \"y\" {\n    type = int\n    null = true\n  }\n}\n"
		up  = "ALTER TABLE a ADD COLUMN y int;\n"
	)
	for _, test := range []struct {
		name   string
		schema string // now
		files  map[string]string
		latest int
		want   []string
	}{
		{"neither", was, nil, 0, nil},
		{"both", is, map[string]string{second: up}, 0, nil},
		{"schema alone", is, nil, 0,
			[]string{"schema.hcl:0:0: error schema-not-planned IB617: schema.hcl was changed without a migration: run plan (in the migrations column public.a.y is missing (integer))"}},
		{"migration alone", was, map[string]string{second: up}, 0,
			[]string{second + ":0:0: error schema-not-planned IB617: from here on, the migrations don't produce schema.hcl: change it too (in the migrations column public.a.y is extra (integer))"}},
		{"each another", is, map[string]string{second: "ALTER TABLE a ADD COLUMN z int;\n"}, 0,
			[]string{"schema.hcl:0:0: error schema-not-planned IB617: the migrations don't produce schema.hcl: run plan (in the migrations column public.a.y is missing (integer); column public.a.z is extra (integer))"}},
		{"an exclusion constraint", was, map[string]string{second: "CREATE TABLE e (x int, EXCLUDE (x WITH =));\n"}, 0,
			[]string{second + ":0:0: error schema-not-planned IB617: from here on, the migrations don't produce schema.hcl: change it too (in the migrations table public.e is extra)"}},
		{"words alone", was + "# a comment\n", nil, 0, nil},
		{"wrong", "schema \"public\" {}\ntable \"a\" {\n  schema = schema.public\n  colum \"x\" {}\n}\n", nil, 0, []string{"schema.hcl:4:3: error schema-not-planned IB617: unknown block \"colum\" in table \"a\": did you mean \"column\"?"}},
		{"by the latest", is, nil, 1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRepo(t)
			file := filepath.Join(r.dir, "db dir", "schema.hcl")
			write := func(text string) {
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			write(was)
			r.commit()
			write(test.schema)
			if test.files != nil {
				r.put(test.files)
			}
			got := mustRun(t, r.root, lint.Config{
				Latest: test.latest, Schema: []byte(test.schema), SchemaName: "schema.hcl", SchemaFile: file,
			})
			if diff := cmp.Diff(test.want, findings(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
