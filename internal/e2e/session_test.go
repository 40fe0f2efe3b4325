package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

// A session case is an archive in testdata/sessions: migrations, possibly with down files, that leave something in
// their session. Whether they are applied one by one, all at once, or by the script of a dry run, the database must be
// the same, and equal to what the replay measured. want has queries with their results on that database, as "QUERY ->
// RESULT". lint has texts that lint's JSON for all migrations except the first must contain, or with a ! must not.
// postgres says for which versions of PostgreSQL the case holds, as in the cases of the planner and the linter. grant
// names a setting that the database's owner can change if PostgreSQL can grant that. roles names roles that the owner
// is a member of and that can create in public.

func TestSessions(t *testing.T) {
	cases, err := testcase.Read("testdata/sessions")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range cases {
		t.Run(tc.Name, func(t *testing.T) {
			t.Parallel()
			c := sessionCase{T: t, files: map[string]string{}, other: map[string][]string{}}
			for name, text := range tc.Files {
				if strings.HasSuffix(name, ".sql") {
					c.files[name] = text
				} else {
					c.other[name] = strings.Split(strings.TrimSpace(text), "\n")
				}
			}
			pgtest.Versions(t, tc.Files["postgres"])
			c.run()
		})
	}
}

type sessionCase struct {
	*testing.T
	files map[string]string
	other map[string][]string
}

func (c *sessionCase) run() {
	dir := projectOf(c.T, c.files)
	single, together, script := c.database(), c.database(), c.database()
	ups, downs := 0, 0
	for name := range c.files {
		if strings.HasPrefix(name, migration.DownDir+"/") {
			downs++
		} else {
			ups++
		}
	}
	for range ups {
		c.mage(dir, single, "apply", "-n=1")
	}
	c.mage(dir, together, "apply")
	c.psql(script, c.mage(dir, script, "apply", "-dryrun"))
	c.compare("at the head", single, together, script)
	for _, line := range c.other["want"] {
		sql, want, _ := strings.Cut(line, " -> ")
		if got := query[string](c.T, single, "SELECT ("+sql+")::text"); got != want {
			c.Errorf("%s gives %s, want %s", sql, got, want)
		}
	}
	c.replayed(dir, single)

	findings := c.mage(dir, single, "lint", fmt.Sprintf("-latest=%d", ups-1), "-format=json")
	if strings.Contains(findings, "migration-fails") {
		c.Errorf("lint says\n%s", findings)
	}
	for _, text := range c.other["lint"] {
		text, not := strings.CutPrefix(text, "!")
		if strings.Contains(findings, text) == not {
			c.Errorf("lint says %s: %t, in\n%s", text, !not, findings)
		}
	}

	if downs == 0 {
		return
	}
	c.psql(script, c.mage(dir, script, "down", "-to=base", "-dryrun"))
	c.mage(dir, together, "down", "-to=base", "-yes")
	for range downs {
		c.mage(dir, single, "down", "-yes")
	}
	c.compare("at the base", single, together, script)
	if wrong := c.mage(dir, single, "check"); strings.Contains(wrong, migration.DownDir+"/") {
		c.Errorf("check says\n%s", wrong)
	}
}

// database returns a database in which the case's roles can create objects.
func (c *sessionCase) database() *pgtest.DB {
	db := pgtest.New(c.T)
	ctx := context.Background()
	admin, err := pgtest.Server(c.T).Admin(ctx)
	if err != nil {
		c.Fatal(err)
	}
	defer admin.Close(ctx)
	owner := pgsql.Ident(db.ConnConfig().User)
	for _, setting := range c.other["grant"] {
		if pgtest.Server(c.T).VersionNum() >= 150000 {
			if _, err := admin.Exec(ctx, "GRANT SET ON PARAMETER "+setting+" TO "+owner); err != nil {
				c.Fatal(err)
			}
		}
	}
	for _, role := range c.other["roles"] {
		if _, err := admin.Exec(ctx, "DO $$ BEGIN CREATE ROLE "+role+"; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT "+role+" TO "+owner); err != nil {
			c.Fatal(err)
		}
		db.Exec("GRANT CREATE ON SCHEMA public TO " + role)
	}
	return db
}

// mage runs a command. lint and check may find something.
func (c *sessionCase) mage(dir string, db *pgtest.DB, args ...string) string {
	c.Helper()
	var stderr strings.Builder
	cmd := in(dir, db.URL, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && (args[0] != "lint" && args[0] != "check" || cmd.ProcessState.ExitCode() != 3) {
		c.Fatalf("mage %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// psql runs a script as `mage apply -dryrun | psql` does.
func (c *sessionCase) psql(db *pgtest.DB, script string) {
	c.Helper()
	cmd := exec.Command("psql", "-X", "-d", db.URL)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c client_min_messages=warning")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.Fatalf("psql: %v\n%s\nThe script:\n%s", err, out, script)
	}
}

// compare compares databases that got the same migrations.
func (c *sessionCase) compare(where string, single, together, script *pgtest.DB) {
	c.Helper()
	want := held(c.T, single)
	if diff := cmp.Diff(want, held(c.T, together)); diff != "" {
		c.Errorf("%s (-one by one +together):\n%s", where, diff)
	}
	if diff := cmp.Diff(want, held(c.T, script)); diff != "" {
		c.Errorf("%s (-one by one +by the script):\n%s", where, diff)
	}
}

// held returns a database's contents, without the times in its journal.
func held(t *testing.T, db *pgtest.DB) string {
	t.Helper()
	out, err := contents(db)
	if err != nil {
		t.Fatal(err)
	}
	text, rest, found := strings.Cut(string(out), "atlas_schema_revisions:\n")
	if !found {
		return text
	}
	lines := strings.SplitAfter(rest, "\n")
	next := slices.IndexFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "(") })
	journal := text[strings.LastIndex(text, "\n")+1:] + "atlas_schema_revisions"
	return text + query[string](t, db, "SELECT COALESCE(string_agg(concat_ws(' ', version, applied, total, error), E'\n' ORDER BY version), '') FROM "+journal) + "\n" + strings.Join(lines[next:], "")
}

// replayed compares a database with what the replay measured.
func (c *sessionCase) replayed(dir string, db *pgtest.DB) {
	c.Helper()
	d, err := migration.Read(os.DirFS(filepath.Join(dir, "migrations")))
	if err != nil {
		c.Fatal(err)
	}
	want, err := catalog.At(d, len(d.Files())-1)
	if err != nil {
		c.Fatal(err)
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, db.URL)
	if err != nil {
		c.Fatal(err)
	}
	defer conn.Close(ctx)
	have, err := catalog.Read(ctx, conn, catalog.Options{Exclude: []string{"public.alembic_version", "public.atlas_schema_revisions"}})
	if err != nil {
		c.Fatal(err)
	}
	if diff := cmp.Diff(want.Lines(), have.Lines()); diff != "" {
		c.Errorf("(-replayed +live):\n%s", diff)
	}
}
