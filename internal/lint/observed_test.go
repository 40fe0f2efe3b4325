package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// A report has every statement, what it did to tables, and its down file.
func TestStatementsOfReport(t *testing.T) {
	const (
		down   = "ALTER TABLE a RENAME c TO b;\n"
		effect = "+ index public.a.a_note: CREATE INDEX a_note ON public.a USING btree (note)\n- column public.a.b: integer\n+ column public.a.c: integer\n"
		third  = "20260103000000_third.sql"
	)
	root := folder(t, map[string]string{
		first: "CREATE TABLE a (id int PRIMARY KEY, b int, note text);\nCREATE INDEX a_b ON a (b);\n",
		second: `ALTER TABLE a RENAME b TO c;
UPDATE a SET note = 'x' WHERE id = 1;
DELETE FROM a WHERE id = 2;
INSERT INTO a VALUES (3);
INSERT INTO a VALUES (4);
DROP INDEX a_b;
CREATE TABLE new (id int);
UPDATE new SET id = 1;
SELECT 1;
`,
		third:                              "UPDATE a SET note = 'x' WHERE id = 1;\nCREATE INDEX a_note ON a (note);\nVACUUM a;\n",
		"down/" + second:                   down,
		"down/" + third:                    "-- alembic:down none the notes are gone\n",
		"effect/20260102000000_second.txt": effect,
	})
	r := mustRun(t, root, lint.Config{Latest: 2})
	var got []string
	for _, f := range r.Files[:2] {
		for _, s := range f.Statements {
			text := fmt.Sprintf("%d", s.Line)
			if s.WithNext {
				text += " with the next"
			}
			if s.Refused {
				text += " refused"
			}
			for _, e := range s.Effects {
				text += strings.TrimRight(fmt.Sprintf(" %s %s %s", e.Table, e.Lock, e.Held), " ")
			}
			got = append(got, text)
		}
	}
	want := []string{
		"1 a AccessExclusiveLock", "2 a RowExclusiveLock AccessExclusiveLock", "3 a RowExclusiveLock AccessExclusiveLock", "4 with the next",
		"5 a RowExclusiveLock AccessExclusiveLock", "6 a AccessExclusiveLock AccessExclusiveLock", "7", "8", "9",
		"1 a RowExclusiveLock", "2 a ShareLock RowExclusiveLock", "3 refused",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"~ column public.a.b -> c: integer", "+ index public.a.a_note: CREATE INDEX a_note ON public.a USING btree (note)"}, r.Files[0].Effect); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]catalog.Count{{Sign: "+", What: "index", N: 1}, {Sign: "~", What: "renamed column", N: 1}}, r.Counts); diff != "" {
		t.Error(diff)
	}
	if r.Files[0].Down != down || r.Files[0].NoWayBack != "" || r.Files[1].NoWayBack != "the notes are gone" {
		t.Errorf("the down files are %q, %q and %q", r.Files[0].Down, r.Files[0].NoWayBack, r.Files[1].NoWayBack)
	}
}

// A report says what the effects don't show: the locks that depend on rows, and the transactions in a file without one.
func TestNotesOfReport(t *testing.T) {
	const third = "20260103000000_third.sql"
	r := mustRun(t, folder(t, map[string]string{
		first: `CREATE TABLE a (id int, b int);
CREATE TABLE c (id int);
CREATE FUNCTION fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT FROM a) THEN DELETE FROM c; END IF; END $$;
CREATE PROCEDURE keep() LANGUAGE plpgsql AS $$ BEGIN UPDATE a SET b = 1; COMMIT; END $$;
`,
		second: `DO $$ BEGIN IF EXISTS (SELECT FROM a) THEN ALTER TABLE a ADD COLUMN x int; UPDATE c SET id = 1; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'd') THEN CREATE INDEX d ON a (id); END IF; END $$;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM c LOOP EXECUTE 'DROP TABLE t' || r.id; END LOOP; END $$;
SELECT fill();
LOCK a;
DO $$ BEGIN IF EXISTS (SELECT FROM c) THEN TRUNCATE a, c; END IF; END $$;
SELECT 1;
`,
		third: `-- atlas:txmode none

ALTER TABLE a ADD COLUMN y int;
BEGIN;
ALTER TABLE a ADD COLUMN z int;
SELECT 1;
COMMIT;
DO $$ BEGIN UPDATE a SET b = 2; COMMIT; END $$;
CALL keep();
`,
	}), lint.Config{Latest: 2})
	var got []string
	for _, f := range r.Files[:2] {
		for _, s := range f.Statements {
			got = append(got, fmt.Sprintf("%d tx %d %t %s", s.Line, s.Tx, s.Depends, s.Note))
		}
	}
	const block, calls = "a DO block: which locks it takes depends on the data", "calls functions: which locks they take depends on the data"
	want := []string{
		"1 tx 1 true " + block + ", perhaps ACCESS EXCLUSIVE on a, ROW EXCLUSIVE on c",
		"2 tx 1 false ",
		"3 tx 1 true " + block,
		"4 tx 1 true " + calls + ", perhaps ROW EXCLUSIVE on c",
		"5 tx 1 false ",
		"6 tx 1 true " + block + ", perhaps ACCESS EXCLUSIVE on a, ACCESS EXCLUSIVE on c",
		"7 tx 1 false ",
		"3 tx 2 false ",
		"4 tx 3 false begins a transaction: the locks of all statements up to COMMIT (line 7) are held until then",
		"5 tx 3 false ", "6 tx 3 false ",
		"7 tx 3 false ends the transaction that line 4 begins: its locks are released",
		"8 tx 4 true " + block + ", perhaps ROW EXCLUSIVE on a",
		"9 tx 5 true " + calls + ", perhaps ROW EXCLUSIVE on a",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
