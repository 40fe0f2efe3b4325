package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// canary is part of every password. The characters around it need escaping in a URL, in a connection string and in a
// shell.
const (
	canary = "s3cr3tCanary"
	secret = `p@:/` + canary + `?#%'"\ =&`
)

// A password appears in no output, no error, no journal row, no activity view and no process list, whatever the command
// and however it ends.
func TestNoPasswordIsEverPrinted(t *testing.T) {
	dir, db := projectOf(t, map[string]string{
		"1_a.sql":          "CREATE TABLE a (id int);\n",
		"2_b.sql":          "CREATE TABLE b (id int);\n",
		"3_fails.sql":      "CREATE TABLE c (id int);\nSELECT pg_sleep(60) FROM a;\nDO $$BEGIN IF EXISTS (SELECT FROM b) THEN RAISE 'no: %', current_setting('application_name'); END IF; END$$;\n",
		"down/1_a.sql":     "DROP TABLE a;\n",
		"down/2_b.sql":     "DROP TABLE b;\n",
		"down/3_fails.sql": "DROP TABLE c;\n",
	}), pgtest.New(t)
	good := db.Login(secret, "")
	u, err := url.Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(u *url.URL)) string {
		v := *u
		change(&v)
		return v.String()
	}
	user := u.User.Username()
	socket, database := u.Query().Get("host"), strings.TrimPrefix(u.Path, "/")
	everywhere := []string{"PGHOST=" + socket, "PGDATABASE=" + database, "PGUSER=" + user, "PGPASSWORD=" + secret, "CI=1"}

	check := func(what, text string) {
		t.Helper()
		for _, form := range []string{canary, url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(text, form) {
				t.Errorf("%s shows the password:\n%s", what, text)
				return
			}
		}
	}
	// run returns the exit code, after looking for the password in all outputs.
	run := func(env []string, args ...string) int {
		t.Helper()
		cmd := exec.Command(tool, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), append([]string{"NO_COLOR=1"}, env...)...)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("mage %s (%s)", strings.Join(args, " "), strings.Join(env, " ")[:min(20, len(strings.Join(env, " ")))]), string(out))
		return cmd.ProcessState.ExitCode()
	}
	commands := [][]string{
		{"status"}, {"status", "-format=json"}, {"history"}, {"history", "-format=json"}, {"inspect"}, {"version"}, {"check"}, {"lint", "-latest=1"}, {"plan", "-dryrun=true"},
		{"stamp", "-to=3"}, {"apply", "-dryrun=true"}, {"apply", "-n=2", "-format=json"}, {"apply", "-dryrun=true", "-format=json"}, {"down", "-dryrun=true"}, {"down", "-format=json"}, {"stamp", "-to=base"},
	}
	for _, args := range commands {
		run([]string{"DATABASE_URL=" + good}, args...)
	}
	for _, env := range [][]string{everywhere, {"SQLALCHEMY_DATABASE_URI=" + strings.Replace(good, "postgres://", "postgresql+psycopg2://", 1)},
		{"POSTGRESQL_HOST=" + socket, "POSTGRESQL_DATABASE=" + database, "POSTGRESQL_USER=" + user, "POSTGRESQL_PASSWORD=" + secret}} {
		if code := run(env, "apply", "-n=1"); code != 0 {
			t.Errorf("exit code %d with %s", code, env[0][:12])
		}
	}

	// Connections that fail, and URLs that are wrong in every part.
	for _, bad := range []string{
		with(func(u *url.URL) { u.User = url.UserPassword(user, secret+"x") }),
		with(func(u *url.URL) { u.User = url.UserPassword("nobody at all", secret) }),
		with(func(u *url.URL) { u.Path = "/nope" }),
		with(func(u *url.URL) { u.Host, u.RawQuery = "127.0.0.1:1", "" }),
		with(func(u *url.URL) { u.Host, u.RawQuery = "no.such.host.invalid", "" }),
		with(func(u *url.URL) { u.Host, u.RawQuery = "127.0.0.1:1", "sslmode=nonsense" }),
		with(func(u *url.URL) { u.RawQuery += "&connect_timeout=x" }),
		with(func(u *url.URL) { u.RawQuery += "&nonsense=1" }),
		"postgres://u:" + secret + "@host:port/db", "postgres://u:" + canary + "@[::1/db", "postgres://u:" + canary + "%zz@h/db", "mysql://u:" + canary + "@h/db",
		canary, "host=h password=" + canary + " port=x", "postgres://h/db?password=" + canary + "&port=x", "postgres://h/db?user=" + "u&password=" + url.QueryEscape(secret) + "&sslmode=no",
	} {
		for _, args := range [][]string{{"apply"}, {"status", "-format=json"}, {"inspect"}} {
			if code := run([]string{"DATABASE_URL=" + bad}, args...); code == 0 {
				t.Errorf("mage %s succeeded with %s", args[0], bad)
			}
			run(nil, append(args, "-url="+bad)...)
		}
		run([]string{"SQLALCHEMY_DATABASE_URI=" + bad}, "status")
		run(append([]string{"PGPORT=x"}, everywhere...), "status")
	}

	// A statement that fails, and one that is interrupted while it runs.
	if code := run([]string{"DATABASE_URL=" + good}, "down", "-to=2"); code != 0 {
		t.Errorf("down gave %d", code)
	}
	insert := func(table string) {
		t.Helper()
		if _, err := connect(t, good).Exec(context.Background(), "INSERT INTO "+table+" VALUES (1)"); err != nil {
			t.Fatal(err)
		}
	}
	insert("b")
	for _, env := range [][]string{{"DATABASE_URL=" + good}, {"DATABASE_URL=" + good, "LOG_FORMAT=json"}} {
		if code := run(env, "apply"); code != 1 {
			t.Errorf("a failing apply gave %d", code)
		}
	}
	insert("a")
	mine := *db
	mine.URL = good // the role that can see the other session
	cmd := in(dir, good, "apply")
	out, wait := started(t, cmd)
	within(t, 10*time.Second, "the migration sleeps", func() bool { return query[int](t, &mine, sleeping) == 1 })
	if line, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(cmd.Process.Pid), "cmdline")); err == nil {
		check("the process list", string(line))
	}
	admin, err := pgtest.Server(t).Admin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	var activity string
	if err := admin.QueryRow(context.Background(), "SELECT string_agg(a::text, E'\\n') FROM pg_stat_activity a WHERE pid <> pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&activity); err != nil {
		t.Fatal(err)
	}
	check("pg_stat_activity", activity)
	if code := run([]string{"DATABASE_URL=" + good}, "apply", "-wait=100ms"); code != 4 {
		t.Errorf("apply during another gave %d", code)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if code := wait(); code != 143 {
		t.Errorf("an interrupted apply gave %d", code)
	}
	check("an interrupted apply", out.String())
	check("the journal", query[string](t, &mine, "SELECT COALESCE(string_agg(r::text, E'\\n'), '') FROM atlas_schema_revisions r"))
}
