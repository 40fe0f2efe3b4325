package migrator_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

// psql runs a script as a user would, and returns psql's output.
func (b *bench) psql(script string) (string, error) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "script.sql")
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		b.Fatal(err)
	}
	out, err := exec.Command("psql", "-X", "-d", b.db.URL, "-f", path).CombinedOutput()
	return string(out), err
}

func TestScriptGuards(t *testing.T) {
	b := setup(t, dir(t, shop...))
	notes := func(file string, stmt int) []string {
		if file == shop[1].name && stmt == 0 {
			return []string{"locks orders\nfor a moment", "; DROP TABLE orders"}
		}
		return nil
	}
	res := b.mustApply(migrator.Options{DryRun: true, Notes: notes})
	for _, part := range []string{
		"-- 20240102000000_total.sql:3\n-- locks orders for a moment\n-- ; DROP TABLE orders\nALTER TABLE orders ADD COLUMN total int;\n",
	} {
		if !strings.Contains(res.Script, part) {
			t.Errorf("the script lacks\n%s\nit is\n%s", part, res.Script)
		}
	}

	// Somebody else migrates: nothing is done.
	before := b.everything()
	other := b.session("SELECT pg_advisory_lock(2686470616)")
	if out, err := b.psql(res.Script); err == nil || !strings.Contains(out, "another session migrates this database") {
		t.Errorf("psql said %s, %v", out, err)
	}
	b.same(before)
	b.end(other, "SELECT pg_advisory_unlock_all()")

	if out, err := b.psql(res.Script); err != nil {
		t.Fatalf("psql said %s, %v", out, err)
	}
	head := b.everything()
	// Run twice, it does nothing the second time.
	if out, err := b.psql(res.Script); err == nil {
		t.Errorf("psql said %s", out)
	}
	b.same(head)
}

// A script that has run in part, and one that was printed before somebody else ran a part, run no statement twice.
func TestScriptOfAFileThatHasRunInPart(t *testing.T) {
	b := setup(t, dir(t))
	directory := func(up, down string) {
		b.cfg.Dir = read(t, write(t, []file{{"1_a.sql", "CREATE TABLE t (id int);\n", ""}, {"2_b.sql", up, down}}))
	}
	script := func(do func(context.Context, migrator.Options) (*migrator.Result, error)) string {
		t.Helper()
		res, err := do(t.Context(), migrator.Options{DryRun: true, N: 1})
		if err != nil {
			t.Fatal(err)
		}
		return res.Script
	}
	refused := func(script, want string) {
		t.Helper()
		before := b.everything()
		if out, err := b.psql(script); err == nil || !strings.Contains(out, want) {
			t.Errorf("psql said %s, %v", out, err)
		}
		b.same(before)
	}
	const changed = "version 2 has changed in public.atlas_schema_revisions since this script was printed: print it again"

	directory(inserts(4, 2), inserts(4, 2))
	b.mustApply(migrator.Options{N: 1})
	up := script(b.m().Apply)
	if out, err := b.psql(up); err == nil {
		t.Fatalf("psql said %s", out)
	}
	refused(up, changed)
	directory(inserts(4), inserts(4, 2))
	rest := script(b.m().Apply)
	b.mustApply(migrator.Options{})
	refused(rest, "doesn't hold the revision")

	down := script(b.m().Down)
	if out, err := b.psql(down); err == nil {
		t.Fatalf("psql said %s", out)
	}
	refused(down, changed)
	directory(inserts(4), inserts(4))
	if out, err := b.psql(script(b.m().Down)); err != nil {
		t.Fatalf("psql said %s", out)
	}
	if got := b.query("SELECT count(*)::text FROM t") + " " + b.alembic() + " " + b.journal(); got != "8 1 1 2 1/1" {
		t.Errorf("rows and record: %s", got)
	}
}

func TestScriptComparesAndSets(t *testing.T) {
	b := setup(t, dir(t, shop...))
	b.mustApply(migrator.Options{N: 1})
	res := b.mustApply(migrator.Options{DryRun: true})
	b.db.Exec("UPDATE alembic_version SET version_num = 'zzz'")
	before := b.everything()
	if out, err := b.psql(res.Script); err == nil || !strings.Contains(out, "alembic_version doesn't hold the revision that this script starts from") {
		t.Errorf("psql said %s, %v", out, err)
	}
	b.same(before)
}

// psql replaces names after colons, and reads backslashes.
func TestScriptIsLeftAsItIs(t *testing.T) {
	b := setup(t, dir(t, file{"1_a.sql", `CREATE TABLE t (a int[], t text);
CREATE FUNCTION "USER"() RETURNS int LANGUAGE sql AS 'SELECT 2';
INSERT INTO t SELECT ('{7,8,9}'::int[])[1:"USER"()], ':USER \echo $$;' || E'\\' || $x$ :HOST ; $x$;
INSERT INTO t SELECT a[1:HOST], ' \q ' FROM (SELECT '{1,2,3}'::int[] AS a, 2 AS host) s;
CREATE VIEW v AS SELECT a[:2] AS x FROM t /* :USER \q */ -- ; :HOST
;
CREATE PROCEDURE p(INOUT x int) LANGUAGE plpgsql AS $$BEGIN x:=x + 1; END$$;
`, ""}))
	undisturbed := setup(t, b.cfg.Dir)
	undisturbed.mustApply(migrator.Options{})
	res := b.mustApply(migrator.Options{DryRun: true})
	if out, err := b.psql(res.Script); err != nil {
		t.Fatalf("psql said %s, %v", out, err)
	}
	b.same(undisturbed.everything())
}
