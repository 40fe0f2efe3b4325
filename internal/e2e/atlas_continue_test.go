package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// The stock CLI continues where our killed process stopped, and we continue where it stopped after that, even if the
// statements that had not run were edited in between.
func TestStockAtlasContinuesAfterAKill(t *testing.T) {
	path, _ := stockAtlas(t)
	const n, killed, failing = 8, 3, 6 // statements that insert, counted from 1
	text := func(value func(i int) string) string {
		s := "-- atlas:txmode none\n\n"
		for i := range n {
			s += fmt.Sprintf("INSERT INTO t VALUES (%s);\n", value(i+1))
		}
		return s + "CREATE TABLE b (i int);\n" // so that the schema shows that the file has run
	}
	plain := text(func(i int) string { return fmt.Sprint(i) })
	edit := func(bad bool) string {
		return text(func(i int) string {
			switch {
			case i < killed:
				return fmt.Sprint(i)
			case bad && i == failing:
				return "no"
			}
			return fmt.Sprint(10 * i)
		})
	}
	type scene struct {
		dir string
		db  *pgtest.DB
	}
	killing := func(t *testing.T) scene {
		dir := projectOf(t, map[string]string{"1_a.sql": "CREATE TABLE t (i int);\n", "2_b.sql": plain})
		db := pgtest.New(t)
		if out, err := in(dir, db.URL, "apply", "-n=1").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		db.Exec(fmt.Sprintf("CREATE FUNCTION gated() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.i = %d THEN PERFORM pg_sleep(60); END IF; RETURN NEW; END$$;"+
			"CREATE TRIGGER gated BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION gated()", killed))
		cmd := in(dir, db.URL, "apply")
		out, wait := started(t, cmd)
		within(t, 20*time.Second, "the statement waits", func() bool { return query[int](t, db, sleeping) == 1 })
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if code := wait(); code == 0 {
			t.Fatalf("it was not killed\n%s", out)
		}
		db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ibutsu-schema' AND datname = current_database()")
		within(t, 10*time.Second, "the session ends", func() bool { return query[int](t, db, sleeping) == 0 })
		db.Exec("DROP FUNCTION gated CASCADE")
		return scene{dir, db}
	}
	atlas := func(s scene) (string, error) {
		cmd := exec.Command(path, "migrate", "apply", "--env", "prod", "--url", s.db.URL, "--allow-dirty")
		cmd.Dir = s.dir
		cmd.Env = append(os.Environ(), "DATABASE_URL="+s.db.URL)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	edited := func(t *testing.T, s scene, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(s.dir, "migrations", "2_b.sql"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		// It writes the sums, even if a statement fails.
		if out, err := in(s.dir, "", "rehash").CombinedOutput(); err != nil && !strings.Contains(string(out), "the sums are written") {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	check := func(t *testing.T, s scene, want string) {
		t.Helper()
		if out, err := in(s.dir, s.db.URL, "apply").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got := query[string](t, s.db, "SELECT string_agg(i::text, ' ' ORDER BY i) FROM t"); got != want {
			t.Errorf("the statements that ran are %s, want %s", got, want)
		}
		if got := query[string](t, s.db, "SELECT version_num || (SELECT ' ' || applied || '/' || total FROM atlas_schema_revisions WHERE version = '2') FROM alembic_version"); got != fmt.Sprintf("2 %d/%[1]d", n+1) {
			t.Errorf("the record is %s", got)
		}
	}
	t.Run("unchanged", func(t *testing.T) {
		s := killing(t)
		if out, err := atlas(s); err != nil {
			t.Fatalf("atlas migrate apply: %v\n%s", err, out)
		}
		check(t, s, "1 2 3 4 5 6 7 8")
	})
	t.Run("edited", func(t *testing.T) {
		s := killing(t)
		edited(t, s, edit(true))
		if out, err := atlas(s); err == nil || !strings.Contains(out, `column "no" does not exist`) {
			t.Fatalf("atlas migrate apply: %v\n%s", err, out)
		}
		edited(t, s, edit(false))
		check(t, s, "1 2 30 40 50 60 70 80")
	})
	t.Run("edited in the part that has run", func(t *testing.T) {
		s := killing(t)
		edited(t, s, strings.Replace(plain, "VALUES (2)", "VALUES (22)", 1))
		for _, run := range []func() (string, error){
			func() (string, error) { return atlas(s) },
			func() (string, error) {
				out, err := in(s.dir, s.db.URL, "apply").CombinedOutput()
				return string(out), err
			},
		} {
			if out, err := run(); err == nil || !strings.Contains(out, "statement 2") {
				t.Errorf("it accepted the edit: %v\n%s", err, out)
			}
		}
	})
}
