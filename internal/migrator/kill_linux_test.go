package migrator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

// victim is the task of a process that gets killed. The test's binary runs itself, with the victim in the environment.
type victim struct {
	URL, Root string
	Down      bool
	N         int           // the statement at which it is killed; 0: it isn't killed
	Later     bool          // a little after the statement began
	After     time.Duration // as long after the statement began
}

func init() { pgtest.Victim(victim.run) }

func (v victim) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	conn, err := pgx.ParseConfig(v.URL)
	if err != nil {
		return err
	}
	d, err := migration.Read(os.DirFS(v.Root))
	if err != nil {
		return err
	}
	die := func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) }
	count := 0
	log := &recorder{hook: func(e migrator.LogEntry) {
		if _, ok := e.(migrator.LogStmt); !ok {
			return
		}
		switch count++; {
		case count != v.N:
		case v.After > 0:
			time.AfterFunc(v.After, die)
		case v.Later:
			time.AfterFunc(15*time.Millisecond, die)
		default:
			die()
		}
	}}
	m := migrator.New(migrator.Config{ConnConfig: conn, Dir: d, OperatorVersion: "test", Log: log, Contract: true})
	return travel(ctx, m, v.Down)
}

// die runs a victim and reports whether it died.
func (b *bench) die(v victim) bool {
	b.Helper()
	v.URL, v.Root = b.db.URL, roots[b.cfg.Dir]
	return pgtest.Killed(b, v)
}

// length returns the number of statements of all files in one direction.
func length(d *migration.Dir, down bool) (n int) {
	for _, f := range d.Files() {
		if down {
			n += len(f.Down.Stmts)
		} else {
			n += len(f.Stmts)
		}
	}
	return n
}

// ends returns what the database holds at both ends of an undisturbed run.
func ends(t *testing.T, d *migration.Dir) (head, base string) {
	t.Helper()
	b := setup(t, d)
	b.mustApply(migrator.Options{})
	head = b.everything()
	if _, err := b.down(migrator.Options{To: "base", Yes: true}); err != nil {
		t.Fatal(err)
	}
	return head, b.everything()
}

// disturb disturbs a run at every sampled statement, in both directions, and compares the result of a second run with
// that of an undisturbed one.
func (b *bench) disturb(head, base string, at func(n int, down bool) (happened bool)) (cases int) {
	b.Helper()
	most := max(length(b.cfg.Dir, false), length(b.cfg.Dir, true))
	for n := 1; n <= most && !b.Failed(); n++ {
		if !sampled(n) {
			continue
		}
		if at(n, false) {
			cases++
		}
		b.truthful()
		b.mustApply(migrator.Options{})
		b.same(head)
		if at(n, true) {
			cases++
		}
		b.truthful()
		if _, err := b.down(migrator.Options{To: "base", Yes: true}); err != nil {
			b.Fatalf("after statement %d: %v", n, err)
		}
		b.same(base)
	}
	return cases
}

// This version finishes what an earlier version of the tool has left half done.
func TestKilledOldVersion(t *testing.T) {
	if !full {
		t.Skip("SCHEMA_TEST_FULL builds an earlier version")
	}
	tool := pgtest.Tool(t, pgtest.Before)
	d := dir(t, slow...)
	head, base := ends(t, d)
	b := setup(t, d)
	project := t.TempDir()
	for name, text := range map[string]string{
		"schema.hcl": "schema \"public\" {\n}\n",
		"atlas.hcl":  "env \"prod\" {\n  src = \"file://schema.hcl\"\n  url = getenv(\"DATABASE_URL\")\n  migration {\n    dir = \"file://migrations\"\n    revisions_schema = \"public\"\n  }\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(project, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(project, "migrations"), os.DirFS(roots[d])); err != nil {
		t.Fatal(err)
	}
	n := b.disturb(head, base, func(n int, down bool) bool {
		args := []string{"apply", "-format=json"}
		if down {
			args = []string{"down", "-to=base", "-yes", "-format=json"}
		}
		cmd := exec.Command(tool, args...)
		cmd.Dir, cmd.Env = project, append(os.Environ(), "DATABASE_URL="+b.db.URL)
		stderr, err := cmd.StderrPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		count, said := 0, ""
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			said += lines.Text() + "\n"
			var line struct{ Msg string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "statement" {
				if count++; count == n {
					cmd.Process.Kill()
				}
			}
		}
		if err := cmd.Wait(); err != nil && count < n {
			t.Fatalf("%v: %s", err, said)
		}
		return count >= n
	})
	if n == 0 {
		t.Error("nothing was killed")
	}
	t.Logf("%d runs of the earlier version were killed", n)
}

// Statements that must run outside a transaction for a partitioned table are run again.
func TestKilledAtPartitioned(t *testing.T) {
	if pgtest.Server(t).VersionNum() < 150000 {
		t.Skip("PostgreSQL clusters partitioned tables from 15 on")
	}
	d := dir(t, file{"1_p.sql", `CREATE TABLE p (id int, n int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100000);
CREATE INDEX p_id ON p (id);
INSERT INTO p SELECT i, i FROM generate_series(1, 20000) i;
`, "DROP TABLE p;\n"}, file{"2_again.sql", `-- atlas:txmode none

REINDEX TABLE p;
UPDATE p SET n = n + 1;
CLUSTER p USING p_id;
UPDATE p SET n = n + 1;
`, "-- atlas:txmode none\n\nREINDEX INDEX p_id;\nALTER TABLE p1 SET WITHOUT CLUSTER;\n"})
	head, base := ends(t, d)
	for _, later := range []bool{false, true} {
		b := setup(t, d)
		b.disturb(head, base, func(n int, down bool) bool {
			return b.die(victim{N: n, Later: later, Down: down})
		})
	}
}

// A change of types by expand and contract, as plan writes it, may be killed at every statement, in both directions.
func TestExpansionKilled(t *testing.T) {
	cases, err := testcase.Read(filepath.Join("..", "plan", "testdata"), "after.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		before := map[string]string{
			"retype_key_of_two_referring_tables": `CREATE TABLE parents (id serial, name text, PRIMARY KEY (id));
CREATE TABLE children (id int PRIMARY KEY, parent_id int REFERENCES parents ON DELETE CASCADE);
CREATE INDEX ix_children_parent_id ON children (parent_id);
CREATE TABLE friends (parent_id int REFERENCES parents, other_id int REFERENCES parents, PRIMARY KEY (parent_id, other_id));`,
			"retype_text_to_uuid_both_ends": `CREATE TABLE users (id text PRIMARY KEY);
CREATE TABLE notes (id int PRIMARY KEY, user_id text REFERENCES users, author_id text NOT NULL REFERENCES users ON UPDATE CASCADE);`,
		}[c.Name]
		if before == "" || !full && c.Name != "retype_text_to_uuid_both_ends" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			files := []file{{"20250101000000_before.sql", before + "\n" + c.Files["rows.sql"], "DROP TABLE IF EXISTS children, friends, parents, notes, users;\n"}}
			for _, name := range slices.Sorted(maps.Keys(c.Under("want/"))) {
				if strings.HasSuffix(name, ".sql") && !strings.Contains(name, "/") {
					files = append(files, file{name, c.Under("want/")[name], c.Under("want/")["down/"+name]})
				}
			}
			d := dir(t, files...)
			head, base := ends(t, d)
			b := setup(t, d)
			b.cfg.Contract = true
			n := b.disturb(head, base, func(n int, down bool) bool { return b.die(victim{N: n, Later: n%2 == 0, Down: down}) })
			t.Attr("expansions-killed", strconv.Itoa(n))
		})
	}
}
