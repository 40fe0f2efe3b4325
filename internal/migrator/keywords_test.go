package migrator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// keywords returns PostgreSQL's keywords as names, quoted only where necessary. Of those that the parser doesn't know,
// it returns a sample, unless the tests run in full.
func keywords(t *testing.T) []string {
	t.Helper()
	rows, err := pgtest.New(t).Conn().Query(context.Background(), `SELECT CASE WHEN catcode IN ('U', 'C') THEN word ELSE '"' || word || '"' END FROM pg_get_keywords() ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	words, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(words) < 400 {
		t.Fatalf("%d keywords, %v", len(words), err)
	}
	read, err := os.ReadFile("../pgsql/statement.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	return slices.DeleteFunc(words, func(word string) bool {
		n++
		return !sampled(n) && !bytes.Contains(read, []byte(`"`+strings.ToUpper(strings.Trim(word, `"`))+`"`))
	})
}

// each fills a template with every word: it replaces {} with the word, and # with a number that twenty words share. If
// the template contains "...", the twenty words share a statement, and what follows "..." is repeated for each.
func each(words []string, template string) string {
	if !strings.ContainsAny(template, "{#") {
		return template + ";\n"
	}
	all := ""
	head, part, together := strings.Cut(template, " ... ")
	n := 0
	for some := range slices.Chunk(words, 20) {
		n++
		var parts []string
		for _, w := range some {
			if !together {
				part = template
			}
			parts = append(parts, strings.ReplaceAll(part, "{}", w))
			if !strings.Contains(template, "{}") {
				break
			}
		}
		text := strings.Join(parts, ";\n")
		if together {
			text = head + " " + strings.Join(parts, ", ")
		}
		all += strings.ReplaceAll(text, "#", fmt.Sprint(n)) + ";\n"
	}
	return all
}

// Losses and the estimate of disk space are read from the text of statements, and must not take a name for a keyword.
func TestKeywordsAsNames(t *testing.T) {
	words := keywords(t)
	var files []file
	for i, f := range []struct{ up, down string }{
		{"CREATE SCHEMA s; CREATE TABLE s.t# (id int); INSERT INTO s.t# VALUES (1)", "DROP TABLE s.t#; DROP SCHEMA s"},
		{"ALTER TABLE s.t# ... ADD COLUMN {} text DEFAULT 'a'", "ALTER TABLE s.t# ... DROP {}"},
		{"ALTER TABLE s.t# ... ADD CONSTRAINT {} CHECK ({} <> '') NOT VALID", "ALTER TABLE s.t# ... DROP CONSTRAINT {}"},
		{"ALTER TABLE s.t# ... VALIDATE CONSTRAINT {}", "SELECT 1"},
		{"ALTER TABLE s.t# ... ALTER {} TYPE varchar(20)", "ALTER TABLE s.t# ... ALTER COLUMN {} SET DATA TYPE text USING {}::text"},
		{"CREATE INDEX {} ON s.t# ({})", "DROP INDEX s.{}"},
		{"CREATE SCHEMA u; CREATE TABLE {} ({} int); INSERT INTO {} ({}) VALUES (1)", "DROP TABLE ... {}; DROP SCHEMA u"},
		{"ALTER TABLE {} ALTER {} TYPE bigint", "ALTER TABLE {} ALTER COLUMN {} TYPE int"},
		{"ALTER TABLE {} RENAME {} TO renamed; ALTER TABLE {} ADD {} int", "ALTER TABLE {} DROP COLUMN {}; ALTER TABLE {} RENAME COLUMN renamed TO {}"},
		{"ALTER TABLE {} SET SCHEMA u", "ALTER TABLE u.{} SET SCHEMA public"},
		{"UPDATE u.{} SET {} = 1; UPDATE u.{} AS {} SET {} = 2 WHERE {}.{} = 3", "SELECT 1"},
	} {
		text := func(templates string) (all string) {
			for template := range strings.SplitSeq(templates, "; ") {
				all += each(words, template)
			}
			return all
		}
		files = append(files, file{fmt.Sprintf("%02d_x.sql", i+1), text(f.up), text(f.down)})
	}
	b := setup(t, dir(t, files...))
	b.mustApply(migrator.Options{})
	head := b.everything()
	_, err := b.down(migrator.Options{To: "base"})
	var loss *migrator.LossError
	if !errors.As(err, &loss) || len(loss.Losses) != len(words)+(len(words)+19)/20 {
		t.Fatalf("down gave %.2000v, want the loss of all tables", err)
	}
	if _, err := b.down(migrator.Options{To: "base", Yes: true}); err != nil {
		t.Fatal(err)
	}
	b.mustApply(migrator.Options{})
	b.same(head)
	for _, e := range logged[migrator.LogNotice](b.log) {
		if e.Severity == "WARNING" {
			t.Error(e.Message)
		}
	}
}

// If the estimate of disk space is impossible, the migration runs anyway.
func TestEstimateThatFails(t *testing.T) {
	b := setup(t, dir(t,
		file{"1_a.sql", "CREATE TABLE t (type text);\nINSERT INTO t VALUES ('a');\n", "DROP TABLE t;\n"},
		file{"2_b.sql", "ALTER TABLE t ALTER type TYPE varchar(9);\nCREATE INDEX i ON t (type);\n", "DROP INDEX i;\nALTER TABLE t ALTER type TYPE text;\n"}))
	b.mustApply(migrator.Options{N: 1})
	if _, err := b.admin().Exec(context.Background(), "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_tablespace_location(oid) FROM PUBLIC"); err != nil {
		t.Fatal(err)
	}
	b.mustApply(migrator.Options{})
	if _, err := b.down(migrator.Options{}); err != nil {
		t.Fatal(err)
	}
	var said int
	for _, e := range logged[migrator.LogNotice](b.log) {
		if e.Severity == "WARNING" && strings.Contains(e.Message, "could not estimate the disk space that a statement needs: ") && strings.Contains(e.Message, "permission denied") {
			said++
		}
	}
	if said != 3 {
		t.Errorf("it was said %d times", said)
	}
}
