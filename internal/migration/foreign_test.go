package migration_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// TestForeign reads other tools' files, and then the same files changed as the error says.
func TestForeign(t *testing.T) {
	const a, downA = "20260101000000_a.sql", "down/20260101000000_a.sql"
	const up, down = "CREATE TABLE a (x int);\n", "DROP TABLE a;\n"
	both := func(tool, comments, more string) string {
		return fmt.Sprintf("this file is in the format of %s, and both its up and its down section would run: keep the up section here, move the down section to %s, and delete the comments that begin with %s%s", tool, downA, comments, more)
	}
	const none = `; to run without a transaction, write "-- atlas:txmode none" at the top`
	const liquibase = "this file is in Liquibase's format: write each changeset into its own file, its rollback into a file of the same name in down/, and delete Liquibase's comments"
	const alembic = `this file was printed by alembic with --sql, and changes alembic_version itself: write each revision into a file of its own with "-- alembic:revision ID" at the top, and leave out BEGIN, COMMIT and the statements on alembic_version`
	mended := []string{a, up, downA, down}
	mendedNone := []string{a, "-- atlas:txmode none\n\n" + up, downA, down}
	tests := []struct {
		name   string
		files  []string
		want   string
		mended []string
	}{
		{"goose", []string{a, "-- +goose Up\n" + up + "\n-- +goose Down\n" + down}, a + ":1:1: " + both("goose", `"-- +goose"`, ""), mended},
		{"goose after a comment", []string{a, "-- Adds a.\n\n  --+GOOSE up  \n" + up + "-- +goose Down\n" + down}, a + ":3:3: " + both("goose", `"-- +goose"`, ""), mended},
		{"goose without a semicolon", []string{a, "CREATE TABLE a (x int)\n-- +goose Down\nDROP TABLE a"}, a + ":2:1: " + both("goose", `"-- +goose"`, ""), mended},
		{"micrate", []string{a, "-- +micrate Up\n" + up + "\n-- +micrate Down\n" + down}, a + ":1:1: " + both("micrate", `"-- +micrate"`, ""), mended},
		{"sections by their names", []string{a, "-- Up\n" + up + "\n-- Down\n" + down}, a + ":4:1: " + both("another tool", `"-- Up" or "-- Down"`, ""), mended},
		{"sections of a tool nobody knows", []string{a, "-- +up\n" + up + "\n--+DOWN:\n" + down}, a + ":4:1: " + both("another tool", `"-- Up" or "-- Down"`, ""), mended},
		{"goose in CR LF", []string{a, "-- +goose Up\r\nSELECT 1;\r\n-- +goose Down\r\n"}, a + ":1:1: " + both("goose", `"-- +goose"`, ""), mended},
		{"goose after a byte order mark", []string{a, "\uFEFF-- +goose Up\nSELECT 1;\n"}, a + ":1:1: " + both("goose", `"-- +goose"`, ""), mended},
		{"goose without a transaction", []string{a, "-- +goose NO TRANSACTION\n-- +goose Up\n" + up}, a + ":1:1: " + both("goose", `"-- +goose"`, none), mendedNone},
		{"goose's blocks", []string{a, up + "-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;\n-- +goose StatementEnd\n"}, a + ":2:1: " + both("goose", `"-- +goose"`, ""), mended},
		{"goose that does not parse", []string{a, "SELECT 1;\n-- +goose Down\nSELECT 'x;\n"}, a + ":2:1: " + both("goose", `"-- +goose"`, ""), mended},
		{"goose in a down file", []string{a, up, downA, "-- +goose Down\n" + down},
			downA + `:1:1: this file is in the format of goose, and both its up and its down section would run: keep only the down section here, and delete the comments that begin with "-- +goose"`, mended},
		{"sql-migrate", []string{a, "-- +migrate Up\n" + up + "-- +migrate Down\n" + down}, a + ":1:1: " + both("sql-migrate", `"-- +migrate"`, ""), mended},
		{"sql-migrate without a transaction", []string{a, "-- +migrate Up notransaction\n" + up}, a + ":1:1: " + both("sql-migrate", `"-- +migrate"`, none), mendedNone},
		{"dbmate", []string{a, "-- migrate:up\n" + up + "\n-- migrate:down\n" + down}, a + ":1:1: " + both("dbmate", `"-- migrate:"`, ""), mended},
		{"dbmate's down alone", []string{a, "-- A title.\n\n" + up + "\n--migrate:down\n" + down}, a + ":5:1: " + both("dbmate", `"-- migrate:"`, ""), mended},
		{"dbmate without a transaction", []string{a, "-- migrate:up transaction:false\n" + up}, a + ":1:1: " + both("dbmate", `"-- migrate:"`, none), mendedNone},
		{"tern", []string{a, up + "\n---- create above / drop below ----\n\n" + down}, a + ":3:1: " + both("tern", `"---- create above"`, ""), mended},
		{"MyBatis", []string{a, "--// a title\n" + up + "\n-- //@UNDO\n" + down}, a + ":4:1: " + both("MyBatis Migrations", `"-- //"`, ""), mended},
		{"Play", []string{a, "-- !Ups\n" + up + "-- !Downs\n" + down}, a + ":1:1: " + both("Play", `"-- !"`, ""), mended},
		{"Rambler", []string{a, "-- rambler up\n" + up + "-- rambler down\n" + down}, a + ":1:1: " + both("Rambler", `"-- rambler"`, ""), mended},
		{"node-pg-migrate", []string{a, "-- Up Migration\n" + up + "-- Down Migration\n" + down}, a + ":3:1: " + both("node-pg-migrate", `"-- Up Migration" or "-- Down Migration"`, ""), mended},
		{"shmig", []string{a, "-- ==== UP ====\n" + up + "-- ==== DOWN ====\n" + down}, a + ":3:1: " + both("shmig", `"-- ===="`, ""), mended},
		{"Liquibase", []string{a, "--liquibase formatted sql\n\n--changeset me:1\n" + up + "--rollback " + down}, a + ":1:1: " + liquibase, mended},
		{"Liquibase's changeset", []string{a, "--changeset me:1 runOnChange:true\n" + up}, a + ":1:1: " + liquibase, mended},
		{"Liquibase's rollback", []string{a, up + "--rollback DROP TABLE a;\n"}, a + ":2:1: " + liquibase, mended},
		{"Liquibase's rollback in a block", []string{a, up + "/* liquibase rollback\nDROP TABLE a;\n*/\n"}, a + ":2:1: " + liquibase, mended},
		{"Alembic's script", []string{a, "BEGIN;\n\n-- Running upgrade  -> abc123\n\n" + up + "\nINSERT INTO alembic_version (version_num) VALUES ('abc123') RETURNING alembic_version.version_num;\n\nCOMMIT;\n"},
			a + ":3:1: " + alembic, []string{a, "-- alembic:revision abc123\n\n" + up, downA, down}},
		{"Alembic's script without comments", []string{a, up + "UPDATE alembic_version SET version_num='def456' WHERE alembic_version.version_num = 'abc123';\n"},
			a + ":2:1: UPDATE alembic_version SET version_num='def456' WHERE alembi ...: this tool updates alembic_version itself, in the migration's transaction: remove the statement", mended},
		{"the journal", []string{a, up, downA, "DELETE FROM \"atlas_schema_revisions\";\n" + down},
			downA + `:1:1: DELETE FROM "atlas_schema_revisions": this tool updates atlas_schema_revisions itself, in the migration's transaction: remove the statement`, mended},
		{"psql's connect", []string{a, "\\connect other\n" + up}, a + `:1:1: \connect other is a psql command, which no server understands: write plain SQL, and copy what it would include into this file`, mended},
		{"psql's include", []string{a, up + "\\i other.sql\n"}, a + `:2:1: \i other.sql is a psql command, which no server understands: write plain SQL, and copy what it would include into this file`, mended},
		{"psql's set", []string{a, "\\set ON_ERROR_STOP on\n" + up}, a + `:1:1: \set ON_ERROR_STOP on is a psql command, which no server understands: write plain SQL, and copy what it would include into this file`, mended},
		{"psql's set with a quote", []string{a, "\\set x 'it''\n" + up}, a + `:1:1: \set x is a psql command, which no server understands: write plain SQL, and copy what it would include into this file`, mended},
		{"psql's copy", []string{a, up + "\\copy a FROM 'rows.csv' csv\n"}, a + `:2:1: \copy a FROM 'rows.csv' csv is a psql command, which no server understands: write plain SQL, and copy what it would include into this file`, mended},
		{"pg_dump's restrict", []string{a, "\\restrict abc\n\n" + up + "\n\\unrestrict abc\n"}, a + `:1:1: \restrict abc is a psql command, which no server understands: write plain SQL, and copy what it would include into this file`, mended},
		{"psql in a down file", []string{a, up, downA, "\\c\n" + down}, downA + `:1:1: \c is a psql command, which no server understands: write plain SQL, and copy what it would include into this file`, mended},
		{"rows for psql", []string{a, up + "COPY public.a (x) FROM stdin;\n1\nit's\n\\.\n"}, a + ":2:1: COPY public.a (x) FROM stdin: only psql reads the rows that follow, and a server would wait for them forever; write them as INSERT statements", mended},

		{"Flyway", []string{"V1__a.sql", up}, "V1__a.sql: the name is in Flyway's format: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql", mended},
		{"Flyway by parts", []string{"V1.2_3__a.sql", up}, "V1.2_3__a.sql: the name is in Flyway's format: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql", mended},
		{"Flyway's baseline", []string{"B1__a.sql", up}, "B1__a.sql: the name is in Flyway's format: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql", mended},
		{"Flyway's undo", []string{a, up, "U1__a.sql", down}, "U1__a.sql: the name is in Flyway's format for an undo migration: move it to down/ under its migration's name", mended},
		{"Flyway's repeatable", []string{a, up, "R__view.sql", up}, "R__view.sql: the name is in Flyway's format for a repeatable migration: write each change into its own migration", mended},
		{"golang-migrate", []string{"1_a.up.sql", up, "1_a.down.sql", down},
			"1_a.down.sql: the name is in the format of golang-migrate and sqlx for a down migration: remove .down from it, and move it to down/\n1_a.up.sql: the name is in the format of golang-migrate and sqlx: remove .up from it",
			[]string{"1_a.sql", up, "down/1_a.sql", down}},
		{"golang-migrate without a title", []string{"1.up.sql", up}, "1.up.sql: the name is in the format of golang-migrate and sqlx: remove .up from it", []string{"1.sql", up}},
		{"db-migrate", []string{"20260101000000-a-up.sql", up, "20260101000000-a-down.sql", down},
			"20260101000000-a-down.sql: the name is in db-migrate's format for a down migration: move it to down/ under its migration's name\n20260101000000-a-up.sql: the name is in db-migrate's format: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql", mended},
		{"an undo migration", []string{a, up, "20260101000001_a.undo.sql", down},
			"20260101000001_a.undo.sql: the name is in Postgrator's format for an undo migration: move it to down/ under its migration's name", mended},
		{"Postgrator", []string{"001.do.a.sql", up, "001.undo.sql", down},
			"001.do.a.sql: the name is in Postgrator's format: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql\n001.undo.sql: the name is in Postgrator's format for an undo migration: move it to down/ under its migration's name", mended},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := migration.Read(mapDir(tt.files...))
			var errs migration.Errors
			if !errors.As(err, &errs) || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if d != nil || errs.Readable() {
				t.Error("Read returned a Dir")
			}
			mustRead(t, mapDir(tt.mended...))
		})
	}
}

// TestNotForeign reads files that merely look like other tools'.
func TestNotForeign(t *testing.T) {
	for _, text := range []string{
		"-- Was goose's before (+goose Up, +goose Down).\nSELECT 1;\n",
		"-- goose Down\nSELECT 1;\n",
		"-- +gooseberry\nSELECT 1;\n",
		"SELECT 1; -- +goose Down\nSELECT 2;\n",
		"/* -- +goose Down\n-- +goose Up */\nSELECT 1;\n",
		"SELECT '\n-- +goose Down\n';\n",
		"SELECT \"\n-- +goose Down\n\" FROM t;\n",
		"DO $$\nBEGIN\n-- +goose Down\n-- migrate:down\n-- +migrate Down\nEND\n$$;\n",
		"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $x$\n-- migrate:up\nSELECT 'UPDATE alembic_version'\n$x$;\n",
		"-- migrate:lock_timeout 5s\n\nSELECT 1;\n",
		"-- migrates up and down\n-- Migrate: down is not possible\nSELECT 1;\n",
		"-- Rollback: DROP TABLE a;\n-- rollback by hand\n--rollback is in down/\n-- rollback drop table a\nSELECT 1;\n",
		"-- Liquibase did this once.\n-- changeset 1\n-- This changeset me:1 was dropped.\nSELECT 1;\n",
		"-- Up migration: adds a\nSELECT 1;\n-- Down migration: see down/\n",
		"-- Down Migration\nSELECT 1;\n",
		"SELECT 1;\n-- ==== DOWN ====\n",
		"SELECT 1;\n-- Down\n",
		"-- Down\nSELECT 1;\n",
		"CREATE TYPE light AS ENUM (\n  'up',\n  -- down\n  'down'\n);\nSELECT 1;\n",
		"SELECT 1;\n-- Down the road\n-- step down\n-- slow down:\nSELECT 2;\n",
		"-- ====\n-- Indexes\n-- ====\nSELECT 1;\n",
		"-- //\n-- // undo\nSELECT 1;\n",
		"-- Running upgrades takes long.\nSELECT 1;\n",
		"-- undo\n-- create above\nSELECT 1;\n",
		"CREATE TABLE t (alembic_version text, atlas_schema_revisions int);\nCREATE INDEX alembic_version_i ON t (alembic_version);\nUPDATE t SET alembic_version = 'UPDATE alembic_version';\n",
		"SELECT version_num FROM alembic_version;\nGRANT SELECT ON alembic_version, atlas_schema_revisions TO PUBLIC;\n",
		"DROP TABLE legacy.alembic_version;\nDROP TABLE alembic_version_old;\n",
		"SELECT E'\\\\connect', '\\i x', $$ \\set $$; -- \\copy\n",
		"COMMENT ON TABLE t IS 'COPY t FROM STDIN';\n",
		"COPY t FROM '/tmp/rows';\n",
	} {
		for _, down := range []bool{false, true} {
			files := []string{"20260101000000_a.sql", text}
			if down {
				if strings.Contains(text, "migrate:lock_timeout") {
					continue
				}
				files = []string{"20260101000000_a.sql", "SELECT 1;\n", "down/20260101000000_a.sql", text}
			}
			if _, err := migration.Read(mapDir(files...)); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
	for _, name := range []string{
		"1_a.sql", "20260101000000_v1__a.sql", "1__a.sql", "20260101000000_clean_up.sql", "20260101000000_take_down.sql", "20260101000000_v1.2.sql",
		"20260101000000_to.update.sql", "20260101000000-.sql", "20260101000000_do.sql",
	} {
		if _, err := migration.Read(mapDir(name, "SELECT 1;\n")); err != nil && !strings.Contains(err.Error(), "the name has no version") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
