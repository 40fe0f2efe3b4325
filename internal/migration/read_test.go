package migration_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// mapDir makes a folder from pairs of names and texts.
func mapDir(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func mustRead(t *testing.T, fsys fs.FS) *migration.Dir {
	t.Helper()
	d, err := migration.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReadFile(t *testing.T) {
	d := mustRead(t, mapDir(
		"20260101000000_first.sql", "-- alembic:revision cacecc4f1237\n\nCREATE TABLE a (x int);\n",
		"20260102000000_second_one.sql", "-- A title.\n-- alembic:revision 0a_b.C\n-- atlas:txmode none\n-- migrate:lock_timeout 1m30s\n \t\nCREATE INDEX CONCURRENTLY i ON a (x);\nSELECT 1",
		"20260103000000.sql", "-- only a comment\n",
		"20260104000000_x__y.sql", "-- atlas:txmode file\n-- atlas:nolint\n",
		"down/20260101000000_first.sql", "DROP TABLE a;\n",
		"down/20260102000000_second_one.sql", "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY i;\n",
		"down/20260103000000.sql", "-- alembic:down none the rows are gone\n",
		"effect/20260101000000_first.txt", "+ table public.a\n",
		"effect/20260102000000_second_one.txt", "",
		"README.md", "ignored", "notes.txt", "ignored", "down/README.md", "ignored", "20260105000000_x.sql.orig", "ignored",
	))
	type summary struct {
		Name, Version, Desc, Revision string
		TxNone                        bool
		Stmts                         int
		Effect                        string
		HasEffect                     bool
		Down                          bool
		DownTxNone                    bool
		None                          string
		DownStmts                     int
	}
	var got []summary
	for _, f := range d.Files() {
		s := summary{Name: f.Name, Version: f.Version, Desc: f.Desc, Revision: f.Revision, TxNone: f.TxNone, Stmts: len(f.Stmts)}
		effect, err := f.Effect()
		if s.Effect, s.HasEffect = effect, err == nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		if f.Down != nil {
			s.Down, s.DownTxNone, s.None, s.DownStmts = true, f.Down.TxNone, f.Down.None, len(f.Down.Stmts)
		}
		got = append(got, s)
	}
	want := []summary{
		{Name: "20260101000000_first.sql", Version: "20260101000000", Desc: "first", Revision: "cacecc4f1237", Stmts: 1, Effect: "+ table public.a\n", HasEffect: true, Down: true, DownStmts: 1},
		{Name: "20260102000000_second_one.sql", Version: "20260102000000", Desc: "second_one", Revision: "0a_b.C", TxNone: true, Stmts: 2, HasEffect: true, Down: true, DownTxNone: true, DownStmts: 1},
		{Name: "20260103000000.sql", Version: "20260103000000", Revision: "20260103000000", Down: true, None: "the rows are gone"},
		{Name: "20260104000000_x__y.sql", Version: "20260104000000", Desc: "x__y", Revision: "20260104000000"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadNothing(t *testing.T) {
	for name, fsys := range map[string]fs.FS{
		"empty":   fstest.MapFS{},
		"missing": os.DirFS(filepath.Join(t.TempDir(), "nowhere")),
		"others":  mapDir("README", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			d := mustRead(t, fsys)
			if n := len(d.Files()); n != 0 {
				t.Errorf("%d files", n)
			}
			if err := d.Verify(); err != nil {
				t.Error(err)
			}
			if i, err := d.Resolve("head"); i != -1 || err != nil {
				t.Errorf("head is %d, %v", i, err)
			}
		})
	}
}

// TestReadErrors compares the whole text of the error for each folder.
func TestReadErrors(t *testing.T) {
	const a = "20260101000000_a.sql"
	tests := []struct {
		name  string
		files []string
		want  string
	}{
		{"CR LF", []string{a, "-- atlas:txmode none\r\n\r\nSELECT 1;\r\n"},
			a + `:1: the lines end with CR LF, which hides the directive atlas:txmode from Atlas: save the file with LF line ends and keep them with "*.sql -text" in .gitattributes`},
		{"CR LF only in the empty line", []string{a, "-- atlas:txmode none\n\r\nSELECT 1;\n"},
			a + `:1: the lines end with CR LF, which hides the directive atlas:txmode from Atlas: save the file with LF line ends and keep them with "*.sql -text" in .gitattributes`},
		{"BOM", []string{a, "\uFEFF-- alembic:revision x\n\nSELECT 1;\n"},
			a + ":1: the file begins with a byte order mark, which hides the directive alembic:revision from Atlas: save it as UTF-8 without one"},
		{"blank line before", []string{a, "\n-- atlas:txmode none\n\nSELECT 1;\n"},
			a + ":2: the directive atlas:txmode is ignored here: directives must be in the comment lines at the very top of the file, followed by an empty line; move it there"},
		{"blank line between", []string{a, "-- alembic:revision x\n\n-- atlas:txmode none\n\nSELECT 1;\n"},
			a + ":3: the directive atlas:txmode is ignored here: directives must be in the comment lines at the very top of the file, followed by an empty line; move it there"},
		{"no blank line after", []string{a, "-- title\n-- atlas:txmode none\nSELECT 1;\n"},
			a + ":2: Atlas ignores the directive atlas:txmode without an empty line after the comment lines at the top: add one after line 2"},
		{"statement on the line after", []string{a, "-- atlas:txmode none\n  SELECT 1;\n"},
			a + ":1: Atlas ignores the directive atlas:txmode without an empty line after the comment lines at the top: add one after line 1"},
		{"indented", []string{a, " -- atlas:txmode none\n\nSELECT 1;\n"},
			a + ":1: the directive atlas:txmode is ignored here: directives must be in the comment lines at the very top of the file, followed by an empty line; move it there"},
		{"unterminated last line", []string{a, "-- atlas:txmode none"},
			a + ":1: the last line has no line end, which hides the directive atlas:txmode from Atlas: end it with one"},
		{"after the statements", []string{a, "SELECT 1;\n\n-- atlas:txmode none\n"},
			a + ":3: the directive atlas:txmode is ignored here: directives must be in the comment lines at the very top of the file, followed by an empty line; move it there"},
		{"block comment", []string{a, "/* atlas:txmode none */\n\nSELECT 1;\n"},
			a + ":1: the directive atlas:txmode is ignored here: directives must be in the comment lines at the very top of the file, followed by an empty line; move it there"},
		{"spelling", []string{a, "-- Alembic: Revision x\n\nSELECT 1;\n"}, a + `:1: write the directive as "-- alembic:revision ID"`},
		{"tab", []string{a, "-- atlas:txmode\tnone\n\nSELECT 1;\n"}, a + `:1: write the directive as "-- atlas:txmode none"`},
		{"two dashes more", []string{a, "---- atlas:txmode none\n\nSELECT 1;\n"}, a + `:1: write the directive as "-- atlas:txmode none"`},
		{"hidden in prose", []string{a, "-- see atlas:txmode none\n\nSELECT 1;\n"},
			a + `:1: Atlas takes "atlas:txmode" in this comment for a directive: reword it, or write "-- atlas:txmode none" on its own line`},
		{"hidden in an argument", []string{"20260101000000_a.sql", "", "down/" + a, "-- alembic:down none see atlas:txmode none\n"},
			"down/" + a + `:1: Atlas takes "atlas:txmode" in this comment for a directive: reword it, or write "-- atlas:txmode none" on its own line`},
		{"lock timeout without unit", []string{a, "-- migrate:lock_timeout 5\n\nSELECT 1;\n"},
			a + `:1: migrate:lock_timeout "5": write a duration such as 500ms, 5s or 1m, from 1ms to 24h`},
		{"lock timeout of none", []string{a, "-- migrate:lock_timeout 0s\n\nSELECT 1;\n"},
			a + `:1: migrate:lock_timeout "0s": write a duration such as 500ms, 5s or 1m, from 1ms to 24h`},
		{"lock timeout, spelled", []string{a, "-- migrate: lock_timeout 5s\n\nSELECT 1;\n"},
			a + `:1: write the directive as "-- migrate:lock_timeout 5s"`},
		{"lock timeout below", []string{a, "SELECT 1;\n-- migrate:lock_timeout 5s\nSELECT 2;\n"},
			a + ":2: the directive migrate:lock_timeout is ignored here: directives must be in the comment lines at the very top of the file, followed by an empty line; move it there"},
		{"lock timeout twice", []string{a, "-- migrate:lock_timeout 5s\n\nSELECT 1;\n-- migrate:lock_timeout 5s\nSELECT 2;\n"},
			a + ":4: the directive migrate:lock_timeout is ignored here, and is already on line 1: remove it"},
		{"contract with an argument", []string{a, "-- migrate:contract later\n\nSELECT 1;\n"}, a + `:1: migrate:contract takes no arguments: write only "-- migrate:contract"`},
		{"contract, spelled", []string{a, "-- migrate: contract\n\nSELECT 1;\n"}, a + `:1: write the directive as "-- migrate:contract"`},
		{"contract below", []string{a, "SELECT 1;\n-- migrate:contract\n"}, a + ":2: the directive migrate:contract is ignored here: directives must be in the comment lines at the very top of the file, followed by an empty line; move it there"},
		{"contract in a down file", []string{a, "", "down/" + a, "-- migrate:contract\n\n"}, "down/" + a + ":1: migrate:contract belongs in the migration itself, not in its down file"},
		{"contract of a checkpoint", []string{a, "SELECT 1;\n", "20260102000000_b.sql", "-- atlas:checkpoint\n-- migrate:contract\n\nSELECT 1;\n"}, `20260102000000_b.sql:2: a checkpoint runs only in empty databases, where apply doesn't stop: remove "migrate:contract"`},
		{"query of two", []string{a, "-- migrate:done SELECT true; SELECT true\n\n"}, a + ":1: migrate:done: write one SELECT statement that returns true or false"},
		{"query of nothing", []string{a, "-- migrate:done\n\n"}, a + ":1: migrate:done: write one SELECT statement that returns true or false"},
		{"query that changes", []string{a, "-- migrate:done DELETE FROM t\n\n"}, a + ":1: migrate:done: write one SELECT statement that returns true or false"},
		{"query cut off", []string{a, "-- migrate:done SELECT 'a\n\n"}, a + ":1: migrate:done: unterminated quoted string"},
		{"query, spelled", []string{a, "-- migrate: done SELECT true\n\n"}, a + `:1: write the directive as "-- migrate:done SELECT ..."`},
		{"query below", []string{a, "SELECT 1;\n-- migrate:done SELECT true\n"}, a + ":2: the directive migrate:done is ignored here: directives must be in the comment lines at the very top of the file, followed by an empty line; move it there"},
		{"query in a down file", []string{a, "", "down/" + a, "-- migrate:done SELECT true\n\n"}, "down/" + a + ":1: migrate:done belongs in the migration itself, not in its down file"},
		{"query twice", []string{a, "-- migrate:done SELECT true\n\n", "done/" + a, "SELECT true;\n"}, "done/" + a + ": " + a + " already has a query, in its line migrate:done: keep one of them"},
		{"query of another", []string{a, "", "done/2_b.sql", "SELECT true;\n"}, "done/2_b.sql: there is no migration 2_b.sql for this query: give it its migration's name, or delete it"},
		{"query file of nothing", []string{a, "", "done/" + a, "-- none\n"}, "done/" + a + ":1: write one SELECT statement that returns true or false"},
		{"query file of two", []string{a, "", "done/" + a, "SELECT true;\n\nSELECT false;\n"}, "done/" + a + ":3:1: write one SELECT statement that returns true or false"},
		{"unknown", []string{a, "-- atlas:txmod none\n\nSELECT 1;\n"},
			a + ":1: unknown directive atlas:txmod; known directives: atlas:txmode, atlas:nolint, atlas:checkpoint, alembic:revision, alembic:down, migrate:lock_timeout, migrate:done, migrate:contract, migrate:batch"},
		{"mode all", []string{a, "-- atlas:txmode all\n\n"},
			a + ":1: atlas:txmode all is not supported: every file has its own transaction (file, the default) or none (none)"},
		{"mode other", []string{a, "-- atlas:txmode None\n\n"}, a + `:1: unknown transaction mode "None"; known modes: none, file`},
		{"mode missing", []string{a, "-- atlas:txmode\n\n"}, a + `:1: unknown transaction mode ""; known modes: none, file`},
		{"twice in a file", []string{a, "-- atlas:txmode none\n-- atlas:txmode none\n\n"}, a + ":2: duplicate directive atlas:txmode: the first is on line 1"},
		{"delimiter", []string{a, "-- atlas:delimiter \\n\\n\nSELECT 1;\n"},
			a + ":1: the directive atlas:delimiter is not supported: statements end with a semicolon here, and function bodies need no other delimiter"},
		{"txtar", []string{a, "-- atlas:txtar\n\n-- migration.sql --\nSELECT 1;\n"}, a + ":1: the directive atlas:txtar is not supported: write one plain SQL file"},
		{"checkpoint", []string{a, "-- atlas:checkpoint\n\nSELECT 1;\n"},
			a + ":1: a checkpoint replaces the migrations before it, and there are none: remove the directive atlas:checkpoint"},
		{"sum", []string{a, "-- atlas:sum ignore\n\nSELECT 1;\n"},
			a + `:1: "atlas:sum ignore" on the first line removes the file from atlas.sum: reword the line, since atlas.sum covers every file`},
		{"sum in a statement", []string{a, "SELECT 1; -- atlas:sum ignore"},
			a + `:1: "atlas:sum ignore" on the first line removes the file from atlas.sum: reword the line, since atlas.sum covers every file`},
		{"long revision", []string{a, "-- alembic:revision " + strings.Repeat("x", 256) + "\n\n"},
			a + `:1: the revision id "` + strings.Repeat("x", 256) + `" has 256 characters, and at most 255 are possible`},
		{"odd revision", []string{a, "-- alembic:revision a-b\n\n"}, a + `:1: the revision id "a-b" contains '-': only letters, digits, _ and . are allowed`},
		{"revision with a quote", []string{a, "-- alembic:revision a'b\n\n"}, a + `:1: the revision id "a'b" contains '\'': only letters, digits, _ and . are allowed`},
		{"revision of two words", []string{a, "-- alembic:revision a b\n\n"}, a + `:1: the revision id "a b" contains ' ': only letters, digits, _ and . are allowed`},
		{"revision with an umlaut", []string{a, "-- alembic:revision ä\n\n"}, a + `:1: the revision id "ä" contains 'ä': only letters, digits, _ and . are allowed`},
		{"no revision", []string{a, "-- alembic:revision\n\n"}, a + `:1: the revision id "" is empty`},
		{"revision head", []string{a, "-- alembic:revision head\n\n"}, a + `:1: the revision id "head" is a word with a special meaning for Alembic and this tool`},
		{"revision twice", []string{a, "-- alembic:revision x\n\n", "20260102000000_b.sql", "-- alembic:revision x\n\n"},
			"20260102000000_b.sql: the revision id x is also that of " + a + ": give one of them another"},
		{"revision is another's version", []string{a, "-- alembic:revision 20260102000000\n\n", "20260102000000_b.sql", ""},
			a + ": the revision id 20260102000000 is also that of 20260102000000_b.sql: give one of them another"},
		{"revision in a down file", []string{a, "", "down/" + a, "-- alembic:revision x\n\n"},
			"down/" + a + ":1: alembic:revision belongs in the migration itself, not in its down file"},
		{"down in a migration", []string{a, "-- alembic:down none because\n"}, a + ":1: alembic:down belongs in the file under down/, not in the migration itself"},
		{"down without a reason", []string{a, "", "down/" + a, "-- alembic:down none\n"},
			"down/" + a + `:1: write the directive as "-- alembic:down none REASON", and say why the migration is irreversible`},
		{"down none with a statement", []string{a, "", "down/" + a, "-- alembic:down none because\n\nSELECT 1;\n"},
			"down/" + a + `:3:1: the file has the directive "alembic:down none" and a statement: remove one of them`},
		{"no version", []string{"notes.sql", "SELECT 1;"},
			"notes.sql: the name has no version: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql, or move it out of the folder"},
		{"empty version", []string{"_notes.sql", "SELECT 1;"},
			"_notes.sql: the name has no version: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql, or move it out of the folder"},
		{"copy", []string{"._20260101000000_a.sql", "", a, ""},
			"._20260101000000_a.sql: the name has no version: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql, or move it out of the folder"},
		{"long version", []string{strings.Repeat("1", 33) + ".sql", ""},
			strings.Repeat("1", 33) + ".sql: the version has 33 digits, but alembic_version.version_num holds 32"},
		{"version twice", []string{a, "", "20260101000000_b.sql", ""},
			"20260101000000_b.sql: the version 20260101000000 is also that of " + a + ": give one of them a later version"},
		{"order by number", []string{"9_a.sql", "", "10_b.sql", ""},
			"9_a.sql: it comes before or after 10_b.sql depending on whether versions are sorted as text or as numbers: give both versions the same number of digits"},
		{"order by name", []string{"1_a.sql", "", "10_b.sql", ""},
			"1_a.sql: it comes before or after 10_b.sql depending on whether versions are sorted as text or as numbers: give both versions the same number of digits"},
		{"same number", []string{"01_a.sql", "", "1_b.sql", ""},
			"1_b.sql: it comes before or after 01_a.sql depending on whether versions are sorted as text or as numbers: give both versions the same number of digits"},
		{"folder", []string{"20260101000000_a.sql/x", ""}, "20260101000000_a.sql: is a folder, but its name ends with .sql: rename it"},
		{"upper case", []string{"20260101000000_a.SQL", ""}, "20260101000000_a.SQL: would be ignored because its name ends with .SQL: rename it to end with .sql, or move it out of the folder"},
		{"orphan down", []string{a, "", "down/20260101000000_b.sql", ""},
			"down/20260101000000_b.sql: there is no migration 20260101000000_b.sql for this down file: give it its migration's name, or delete it"},
		{"commit", []string{a, "SELECT 1;\n  COMMIT;\n"},
			a + `:2:3: COMMIT: the file already runs in a transaction; remove it, or commit in batches with a DO block in a file with "-- atlas:txmode none"`},
		{"begin in txmode none", []string{a, "-- atlas:txmode none\n\nbegin isolation level serializable;\n"},
			a + `:3:1: begin isolation level serializable: a file with "-- atlas:txmode none" may have only BEGIN and COMMIT, without options, around statements that run in one transaction; remove it`},
		{"block that isn't closed", []string{a, "-- atlas:txmode none\n\nBEGIN;\nSELECT 1;\n"},
			a + ":3:1: BEGIN: no COMMIT ends this transaction; add one after the statements that belong to it, or remove BEGIN"},
		{"block that isn't opened", []string{a, "-- atlas:txmode none\n\nSELECT 1;\nCOMMIT WORK;\n"}, a + ":4:1: COMMIT WORK: no BEGIN begins the transaction that this should end; remove it"},
		{"block in a block", []string{a, "-- atlas:txmode none\n\nBEGIN;\nBEGIN;\nSELECT 1;\nCOMMIT;\n"}, a + ":4:1: BEGIN: a transaction has begun already; remove it, or end that one with COMMIT first"},
		{"block without statements", []string{a, "-- atlas:txmode none\n\nBEGIN;\nCOMMIT;\n"}, a + ":4:1: COMMIT: the transaction has no statements; remove BEGIN and COMMIT"},
		{"savepoint in a block", []string{a, "-- atlas:txmode none\n\nBEGIN;\nSAVEPOINT a;\nCOMMIT;\n"},
			a + `:4:1: SAVEPOINT a: a file with "-- atlas:txmode none" may have only BEGIN and COMMIT, without options, around statements that run in one transaction; remove it`},
		{"concurrently in a block", []string{a, "-- atlas:txmode none\n\nBEGIN;\nDROP INDEX CONCURRENTLY i;\nCOMMIT;\n"},
			a + ":4:1: DROP INDEX CONCURRENTLY i: PostgreSQL refuses it in a transaction; move it before the BEGIN or after the COMMIT"},
		{"batches in a block", []string{a, "-- atlas:txmode none\n\nBEGIN;\n-- migrate:batch t\nDELETE FROM t WHERE /* batch */ true;\nCOMMIT;\n"},
			a + ":5:1: DELETE FROM t WHERE /* batch ...: batches commit one by one, and BEGIN and COMMIT make one transaction; move it before the BEGIN or after the COMMIT"},
		{"concurrently", []string{a, "CREATE TABLE a (x int); CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (x);\n"},
			a + `:1:25: CREATE INDEX CONCURRENTLY IF NOT EXISTS ...: PostgreSQL refuses it in a transaction; put "-- atlas:txmode none" at the top of the file, followed by an empty line, and move what needs a transaction to another file`},
		{"syntax", []string{a, "SELECT 1;\nSELECT 'x\n"}, a + ":2:8: unterminated quoted string"},
		{"not UTF-8", []string{a, "SELECT 1;\nSELECT '\xe4';\n"}, a + ":2:9: invalid UTF-8: byte 0xe4: save the file in UTF-8"},
		{"UTF-16", []string{a, "\xff\xfeS\x00"}, a + ":1:1: invalid UTF-8: byte 0xff: save the file in UTF-8"},
		{"directive before a CR", []string{a, "-- see atlas:txmode none\r-- atlas:\n-- atlas:txmode none\n\n"},
			a + `:1: Atlas takes "atlas:txmode" in this comment for a directive: reword it, or write "-- atlas:txmode none" on its own line`},
		{"conflict", []string{a, "SELECT 1;\n<<<<<<< HEAD\nSELECT 2;\n=======\nSELECT 3;\n>>>>>>> other\n"}, a + ":2: git's conflict markers: resolve the conflict"},
		{"several", []string{a, "COMMIT;\nROLLBACK;\n", "x.sql", ""},
			a + `:1:1: COMMIT: the file already runs in a transaction; remove it, or commit in batches with a DO block in a file with "-- atlas:txmode none"
` + a + `:2:1: ROLLBACK: the file already runs in a transaction; remove it, or commit in batches with a DO block in a file with "-- atlas:txmode none"
x.sql: the name has no version: name it VERSION_name.sql with a numeric version, like 20260101120000_add_flaky.sql, or move it out of the folder`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := migration.Read(mapDir(test.files...))
			if err == nil {
				t.Fatal("no error")
			}
			var errs migration.Errors
			if !errors.As(err, &errs) {
				t.Errorf("%T isn't an Errors", err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestReadTolerates reads what may look wrong but isn't.
func TestReadTolerates(t *testing.T) {
	for name, text := range map[string]string{
		"CR LF without directives":  "-- title\r\nSELECT 1;\r\n",
		"BOM without directives":    "\uFEFFSELECT 1;\n",
		"prose about Atlas":         "-- Atlas: the engine\n-- we like atlas: a lot, and alembic: too\nSELECT 1;\n",
		"directive in a string":     "SELECT '\n-- atlas:txmode none\n';\n",
		"directive in a function":   "DO $$\nBEGIN\n-- atlas:txmode none\nEND $$;\n",
		"commit in a function":      "DO $$ BEGIN COMMIT; END $$;\n",
		"commit in a string":        "SELECT 'x; COMMIT; y';\n",
		"nolint at the statement":   "-- atlas:nolint DS103\nSELECT 1;\n-- atlas:nolint\nSELECT 2;\n",
		"name in the file's text":   "-- alembic_version is left alone\nSELECT 'atlas:txmode none';\n",
		"separator of a comment":    "-- ======\n-- <<<<<<< \nSELECT 1;\n",
		"no space after the dashes": "--atlas:txmode file\n\nSELECT 1;\n",
		"concurrently in a comment": "-- no CONCURRENTLY here\nCREATE TABLE a (concurrently int);\n",
	} {
		t.Run(name, func(t *testing.T) {
			mustRead(t, mapDir("20260101000000_a.sql", text))
		})
	}
}

// TestAgreesWithAtlas writes folders to disk and compares names, order, directives and checksums with Atlas's own
// types.
func TestAgreesWithAtlas(t *testing.T) {
	headers := []string{
		"", "-- atlas:txmode none\n\n", "--atlas:txmode none\n\n", "-- atlas:txmode  none  \n \t\n", "-- title\n-- atlas:txmode none\n\n",
		"-- atlas:txmode none\n", "-- atlas:txmode none\n-- atlas:nolint\n\n", "-- atlas:txmode none\n\n\n", "-- atlas:txmode none\n\t\n",
		"-- atlas:txmode file\n\n", "\n-- atlas:txmode none\n\n", "-- x\n\n-- atlas:txmode none\n\n", "-- atlas:txmode none\r\n\r\n", "-- ä atlas:txmode none\n\n",
		"-- atlas:txmode none", "# atlas:txmode none\n\n", "-- see atlas:txmode none\n\n", "\uFEFF-- atlas:txmode none\n\n", "-- atlas:nolint atlas:txmode none\n\n",
		"/* atlas:txmode none */\n\n", "-- atlas:txmode none\n/* x */\n\n", "-- atlas:txmode none -- really\n\n", "-- ATLAS:TXMODE none\n\n", "-- atlas :txmode none\n\n",
	}
	for _, header := range headers {
		for _, body := range []string{"", "SELECT 1;\n", "-- c\nSELECT 1;\n", "-- c"} {
			text := header + body
			stock := migrate.NewLocalFile("20260101000000_a.sql", []byte(text)).Directive("txmode")
			d, err := migration.Read(mapDir("20260101000000_a.sql", text))
			if err != nil {
				continue // refused, so readers can't differ
			}
			want := len(stock) == 1 && stock[0] == "none"
			if got := d.Files()[0].TxNone; got != want || len(stock) > 1 {
				t.Errorf("%q: none = %v, Atlas reads %q", text, got, stock)
			}
		}
	}
}

func TestSumsAreAtlas(t *testing.T) {
	root := t.TempDir()
	files := map[string]string{
		"001_a.sql": "SELECT 1;\n", "002_b.sql": "", "010_ä ö.sql": "-- x\r\nSELECT 2;\r\n", "20260101000000_c.sql": "SELECT 3", "README": "x",
		"down/001_a.sql": "SELECT -1;\n", "down/20260101000000_c.sql": "SELECT -3;\n",
	}
	writeFiles(t, root, files)
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	d := mustRead(t, os.DirFS(root))
	if err := d.Verify(); err != nil {
		t.Error(err)
	}
	for _, folder := range []string{"", "down"} {
		local, err := migrate.NewLocalDir(filepath.Join(root, folder))
		if err != nil {
			t.Fatal(err)
		}
		if err := migrate.Validate(local); err != nil {
			t.Errorf("Atlas refuses %q: %v", folder, err)
		}
		sum, err := local.Checksum()
		if err != nil {
			t.Fatal(err)
		}
		want, err := sum.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(root, folder, "atlas.sum"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Error(diff)
		}
		for _, f := range d.Files() {
			hash, err := sum.SumByName(f.Name)
			have := f.Hash
			if folder == "down" {
				if f.Down == nil {
					continue
				}
				have = f.Down.Hash
			}
			if err != nil || hash != have {
				t.Errorf("%s: hash %q, Atlas %q (%v)", f.Name, have, hash, err)
			}
		}
	}
}

func TestMisread(t *testing.T) {
	for _, test := range []struct{ name, sql, want string }{
		{"plain", "-- a comment\nCREATE TABLE a (x int); -- and another\n/* b */ SELECT ';', $$;$$, \"a;b\";;\nSELECT 2", ""},
		{"comments only", "-- nothing; here\n", ""},
		{"comment at the end", "SELECT 1;\n-- done", ""},
		{"begin atomic", "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\nSELECT 3;\n", ""},
		{"semicolon in the last comment", "SELECT 1;\n-- was: x; DROP TABLE users;",
			"2:12: the stock Atlas CLI would run another statement, which PostgreSQL doesn't see: DROP TABLE users;"},
		{"nested comment", "SELECT 1;\n/* a /* b */ DROP TABLE users; */\nSELECT 2;\n", "3:1: the stock Atlas CLI would run a different statement here: DROP TABLE users;"},
		{"escape", "SELECT E'it\\'s';\n", "1:1: the stock Atlas CLI can't split this file: 1:15: unclosed quote"},
		{"BOM", "\uFEFFSELECT 1;\n", "1:1: the stock Atlas CLI would run a different statement here: \uFEFFSELECT 1;"},
		{"dollar in a name", "CREATE TABLE a$b$c (x int);\nSELECT 2;\n", "1:1: the stock Atlas CLI would run a different statement here: CREATE TABLE a$b$c (x int); SELECT ..."},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := mustRead(t, mapDir("20260101000000_a.sql", test.sql))
			m, ok := d.Files()[0].Misread()
			if test.want == "" {
				if ok {
					t.Errorf("misread: %s", m.Msg)
				}
				return
			}
			if !ok {
				t.Fatal("not misread")
			}
			if got := fmt.Sprintf("%d:%d: %s", m.Pos.Line, m.Pos.Col, m.Msg); !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func writeFiles(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// readFiles returns everything below root.
func readFiles(t *testing.T, root string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && path == "." {
			return err
		}
		if e.IsDir() {
			files[path+"/"] = ""
			return nil
		}
		b, err := os.ReadFile(filepath.Join(root, path))
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return maps.Clone(files)
}

func TestReadQueries(t *testing.T) {
	d := mustRead(t, mapDir(
		"20260101000000_a.sql", "-- alembic:revision a\n--\n-- migrate:done SELECT NOT EXISTS (SELECT FROM t); -- nothing is left\n\nUPDATE t SET a = 1;\n",
		"20260102000000_b.sql", "UPDATE t SET b = 1;\n",
		"20260103000000_c.sql", "",
		"done/20260102000000_b.sql", "-- All rows.\nSELECT true\n  AND true;\n",
	))
	var got []string
	for _, f := range d.Files() {
		if q := f.Done; q != nil {
			got = append(got, fmt.Sprintf("%s:%d: %s", q.File, q.Stmt.Pos.Line, q.Stmt.Text))
		}
	}
	if diff := cmp.Diff([]string{
		"20260101000000_a.sql:3: SELECT NOT EXISTS (SELECT FROM t)",
		"done/20260102000000_b.sql:2: SELECT true\n  AND true",
	}, got); diff != "" {
		t.Error(diff)
	}
}
