package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestForeign runs every command on other tools' files: each prints an error, and none runs a statement. Changed as the
// error says, the files can be applied and reverted.
func TestForeign(t *testing.T) {
	const a, down, b = "20260101000000_a.sql", "down/20260101000000_a.sql", "20260102000000_b.sql"
	const create, drop, rows = "CREATE TABLE a (id int);\n", "DROP TABLE a;\n", "INSERT INTO a VALUES (1);\n"
	mended := map[string]string{a: create + rows, down: drop}
	formats := []struct {
		name  string
		files map[string]string
		says  []string
		then  map[string]string
	}{
		{"goose", map[string]string{a: "-- +goose Up\n" + create + rows + "\n-- +goose Down\n" + drop},
			[]string{a + ":1:1: ", "the format of goose", "move the down section to " + down, `delete the comments that begin with "-- +goose"`}, mended},
		{"sql-migrate", map[string]string{a: "-- +migrate Up\n" + create + rows + "-- +migrate Down\n" + drop},
			[]string{a + ":1:1: ", "the format of sql-migrate", "move the down section to " + down}, mended},
		{"dbmate", map[string]string{a: "-- A title.\n\n-- migrate:up\n" + create + rows + "-- migrate:down\n" + drop},
			[]string{a + ":3:1: ", "the format of dbmate", "move the down section to " + down}, mended},
		{"tern", map[string]string{a: create + rows + "\n---- create above / drop below ----\n\n" + drop},
			[]string{a + ":4:1: ", "the format of tern", "move the down section to " + down}, mended},
		{"Liquibase", map[string]string{a: "--liquibase formatted sql\n--changeset me:1\n" + create + "--rollback " + drop + "--changeset me:2\n" + rows + "--rollback DELETE FROM a;\n"},
			[]string{a + ":1:1: ", "Liquibase's format", "write each changeset into its own file", "into a file of the same name in down/"},
			map[string]string{a: create, down: drop, b: rows, "down/" + b: "DELETE FROM a;\n"}},
		{"Flyway", map[string]string{"V1__a.sql": create + rows, "U1__a.sql": drop},
			[]string{"V1__a.sql: ", "the name is in Flyway's format: name it", "U1__a.sql: ", "move it to down/ under its migration's name"}, mended},
		{"golang-migrate", map[string]string{"1_a.up.sql": create + rows, "1_a.down.sql": drop},
			[]string{"1_a.up.sql: ", "golang-migrate", "remove .up from it", "1_a.down.sql: ", "remove .down from it, and move it to down/"},
			map[string]string{"1_a.sql": create + rows, "down/1_a.sql": drop}},
		{"Alembic", map[string]string{a: "BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL, \n    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n);\n\n" +
			"-- Running upgrade  -> abc123\n\n" + create + rows + "INSERT INTO alembic_version (version_num) VALUES ('abc123') RETURNING alembic_version.version_num;\n\nCOMMIT;\n"},
			[]string{a + ":8:1: ", "printed by alembic with --sql", `"-- alembic:revision ID"`}, map[string]string{a: "-- alembic:revision abc123\n\n" + create + rows, down: drop}},
		{"the record", map[string]string{a: create + rows + "UPDATE public.alembic_version SET version_num = 'x';\n"},
			[]string{a + ":3:1: ", "this tool updates alembic_version itself", "remove the statement"}, mended},
		{"psql", map[string]string{a: "\\connect other\n" + create + rows},
			[]string{a + ":1:1: ", `\connect other is a psql command`, "write plain SQL"}, mended},
	}
	commands := []string{
		"plan", "plan -dryrun", "new -name=x", "check", "rehash", "rebase", "checkpoint", "docs", "version", "history", "inspect",
		"lint", "lint -format=json", "lint -format=sarif", "lint -format=markdown", "lint -format=github", "lint -latest=1",
		"dev:up", "dev:down", "dev:url", "apply", "apply -dryrun", "down -yes", "down -dryrun", "status", "stamp -to=head",
	}
	for i, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			dir := projectOf(t, nil)
			gitIn(t, dir, "init", "-q", "-b", "main")
			gitIn(t, dir, "add", ".")
			gitIn(t, dir, "commit", "-q", "-m", "x")
			put := func(files map[string]string) {
				for name, text := range files {
					path := filepath.Join(dir, "migrations", name)
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			put(f.files)
			some := commands
			if i > 0 { // one place distinguishes the formats
				some = []string{"rehash", "check", "lint", "apply"}
			}
			for _, command := range some {
				out, code := run(t, dir, db.URL, strings.Fields(command)...)
				want := 1
				if strings.HasPrefix(command, "lint") {
					want = 3
				}
				if code != want {
					t.Errorf("%s: exit code %d, want %d\n%s", command, code, want, out)
				}
				if slices.Contains([]string{"lint -format=json", "lint -format=sarif", "lint -format=markdown", "lint -format=github"}, command) {
					continue // each shows positions in its own way
				}
				for _, says := range f.says {
					if command == "lint" {
						says = strings.TrimSuffix(says, ": ")
					}
					if !strings.Contains(out, says) {
						t.Errorf("%s doesn't say %q:\n%s", command, says, out)
					}
				}
			}
			if n := query[int](t, db, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"); n != 0 {
				t.Errorf("%d relations were created", n)
			}

			for name := range f.files {
				if err := os.Remove(filepath.Join(dir, "migrations", name)); err != nil {
					t.Fatal(err)
				}
			}
			put(f.then)
			for _, command := range []string{"rehash", "apply", "down -to=base -yes", "apply"} {
				if out, code := run(t, dir, db.URL, strings.Fields(command)...); code != 0 {
					t.Fatalf("%s: exit code %d\n%s", command, code, out)
				}
			}
			if n := query[int](t, db, "SELECT count(*) FROM a"); n != 1 {
				t.Errorf("%d rows", n)
			}
		})
	}
}
