// Package e2e tests the compiled binary as its users run it: testdata/scripts has a testscript file for each flow. A
// script gets a copy of the project that it names and, with `database NAME`, its own PostgreSQL databases. The package
// knows the commands' outputs, and nothing of how they work.
package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// tool is the path of the compiled binary, which is called mage as users type it.
var tool string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "e2e")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if tool, err = buildTool(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return pgtest.Main(m)
	}())
}

// buildTool compiles the magefiles into dir, unless SCHEMA_TEST_TOOL names a compiled binary (for a user without a
// module cache).
func buildTool(dir string) (string, error) {
	path := filepath.Join(dir, "mage")
	if built := os.Getenv("SCHEMA_TEST_TOOL"); built != "" {
		return path, os.Symlink(built, path)
	}
	cmd := exec.Command("go", "tool", "mage", "-compile", path)
	cmd.Dir = root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compiling the magefiles: %w\n%s", err, out)
	}
	return path, nil
}

// root is the repository's folder. Tests run in their package's.
var root = sync.OnceValue(func() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
})

// inputs are a project's files.
var inputs = []string{"schema.hcl", "atlas.hcl", "migrations"}

var update = flag.Bool("update", false, "rewrite the outputs that the scripts compare with")

func TestScripts(t *testing.T) { testscript.Run(t, scripts(t, filepath.Join("testdata", "scripts"))) }

// scripts are the parameters for the scripts in dir.
func scripts(t *testing.T, dir string) testscript.Params {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars,
				"PATH="+filepath.Dir(tool)+string(os.PathListSeparator)+os.Getenv("PATH"),
				"HOME="+env.WorkDir,
				"XDG_CACHE_HOME="+cache, // so that the template data directory is created once
				"NO_COLOR=1",
				"TESTDATA="+filepath.Join(root(), "internal", "schematest", "testdata"),
				"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
				"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com",
				"GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com",
			)
			env.Values[scriptKey{}] = &script{
				t: env.T().(testing.TB), work: env.WorkDir,
				databases: map[string]*pgtest.DB{}, snapshots: map[string]string{},
			}
			return nil
		},
		Cmds: commands,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			if cond == "full" {
				return os.Getenv("SCHEMA_TEST_FULL") != "", nil
			}
			if cond == "alembic" || cond == "psycopg3" {
				path, err := exec.LookPath("alembic")
				if err == nil && cond == "psycopg3" {
					err = exec.Command("/usr/bin/python3", "-c", "import psycopg").Run()
				}
				if err != nil && os.Getenv("SCHEMA_TEST_PEERS") == "required" {
					return false, fmt.Errorf("%s, %w: apt-get install alembic python3-psycopg2 python3-psycopg", path, err)
				}
				return err == nil, nil
			}
			if cond == "dumps" { // a pg_dump fits the tests' PostgreSQL, which is installed
				if os.Getenv("SCHEMA_TEST_MAJOR") != "" {
					return false, nil // each script would download that version
				}
				_, err := pgtest.New(t).Dump(context.Background())
				missing := errors.As(err, new(*devdb.NoDumpError))
				if missing {
					err = nil
				}
				return !missing, err
			}
			// "pg14": the tests' PostgreSQL has that major version or a later one.
			if major, err := strconv.Atoi(strings.TrimPrefix(cond, "pg")); err == nil {
				return pgtest.Server(t).VersionNum() >= major*10000, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	}
}

// connect returns a connection to url that is closed after the test.
func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// peer returns the path of another tool's program. If it is missing, the test is skipped, or fails with
// SCHEMA_TEST_PEERS=required.
func peer(t testing.TB, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("SCHEMA_TEST_PEERS") == "required" {
			t.Fatalf("%s is missing: %s", name, install)
		}
		t.Skipf("%s isn't installed: %s", name, install)
	}
	return path
}

// atlasCLI is the path of the stock Atlas CLI, which is built on first use unless SCHEMA_TEST_ATLAS names a compiled
// binary.
var atlasCLI = sync.OnceValues(func() (string, error) {
	if built := os.Getenv("SCHEMA_TEST_ATLAS"); built != "" {
		return built, nil
	}
	path := filepath.Join(filepath.Dir(tool), "atlas") // a folder that TestMain removes
	cmd := exec.Command("go", "build", "-o", path, "ariga.io/atlas/cmd/atlas")
	cmd.Dir = filepath.Join(root(), "internal", "e2e", "atlascli")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the stock Atlas CLI: %w\n%s", err, out)
	}
	return path, nil
})
