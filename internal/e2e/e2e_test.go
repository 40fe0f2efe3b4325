// Package e2e runs the compiled binary as its users do: testdata/scripts holds a
// testscript file for each flow. A script gets a folder with a copy of the
// project that it asks for and, by `database NAME`, PostgreSQL databases of its own.
package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// tool is the compiled binary's path, named mage as users type it.
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

// buildTool compiles the magefiles into dir, unless SCHEMA_TEST_TOOL names a
// binary that is built already (for a user who has no module cache).
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

// root is the project's folder: tests run in their package's.
var root = sync.OnceValue(func() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
})

// inputs are what makes a project.
var inputs = []string{"schema.hcl", "atlas.hcl", "migrations"}

func TestScripts(t *testing.T) {
	server := pgtest.Server(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "scripts"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			path := filepath.Dir(tool) + string(os.PathListSeparator) + os.Getenv("PATH")
			cache, err := os.UserCacheDir()
			if err != nil {
				cache = filepath.Join(env.WorkDir, ".cache")
			}
			env.Vars = append(env.Vars,
				"PATH="+path,
				"HOME="+env.WorkDir,
				"XDG_CACHE_HOME="+cache, // the template data directory is made once
				"MAGEFILE_CACHE="+filepath.Join(env.WorkDir, ".mage"),
				"ROOT="+root(),
				"NO_COLOR=1",
				"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
				"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com",
				"GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com",
			)
			env.Values[snapshots{}] = map[string]string{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"project":  cmdProject,
			"database": func(ts *testscript.TestScript, neg bool, args []string) { cmdDatabase(ts, server, neg, args) },
			"restore":  cmdRestore,
			"snapshot": cmdSnapshot,
			"same":     cmdSame,
			"append":   cmdAppend,
			"bytes":    cmdBytes,
		},
	})
}

// cmdProject copies a project's inputs into the script's folder: `project ibutsu`
// the repository's own, `project NAME` that of testdata/NAME.
func cmdProject(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: project ibutsu|NAME")
	}
	from := root()
	if args[0] != "ibutsu" {
		from = filepath.Join(root(), "internal", "e2e", "testdata", args[0])
	}
	for _, name := range inputs {
		src, dst := filepath.Join(from, name), ts.MkAbs(name)
		info, err := os.Stat(src)
		ts.Check(err)
		if info.IsDir() {
			ts.Check(os.CopyFS(dst, os.DirFS(src)))
			continue
		}
		data, err := os.ReadFile(src)
		ts.Check(err)
		ts.Check(os.WriteFile(dst, data, 0o644))
	}
}

// cmdDatabase creates an empty database and puts its URL into the variable NAME.
func cmdDatabase(ts *testscript.TestScript, server *devdb.Server, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: database NAME")
	}
	db, err := server.Create(context.Background())
	ts.Check(err)
	ts.Defer(func() { db.Drop(context.Background()) })
	ts.Setenv(args[0], db.URL())
}

// cmdRestore runs psql on the database URL with a file of Ibutsu's test data.
func cmdRestore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: restore URL FILE [PSQL-OPTION...]")
	}
	file := args[1]
	if !filepath.IsAbs(file) {
		file = filepath.Join(root(), "internal", "schematest", "testdata", file)
	}
	opts := append([]string{args[0], "-qX", "-v", "ON_ERROR_STOP=1", "-f", file}, args[2:]...)
	ts.Check(ts.Exec("psql", opts...))
}

// snapshots is the key of a script's snapshots in its environment's values.
type snapshots struct{}

// restrict matches the lines with a random key that pg_dump writes since 2025.
var restrict = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// checksum covers all that pg_dump shows: schema, data, record tables.
func checksum(ts *testscript.TestScript, url string) string {
	out, err := exec.Command("pg_dump", "--no-owner", url).CombinedOutput()
	if err != nil {
		ts.Fatalf("pg_dump: %v\n%s", err, out)
	}
	sum := sha256.Sum256(restrict.ReplaceAll(out, nil))
	return hex.EncodeToString(sum[:])
}

// cmdSnapshot remembers a checksum of a database's catalog and data under its URL.
func cmdSnapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: snapshot URL")
	}
	ts.Value(snapshots{}).(map[string]string)[args[0]] = checksum(ts, args[0])
}

// cmdSame fails if a database differs from its snapshot; negated, if it doesn't.
func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] same URL")
	}
	before, ok := ts.Value(snapshots{}).(map[string]string)[args[0]]
	if !ok {
		ts.Fatalf("no snapshot of %s", args[0])
	}
	if same := checksum(ts, args[0]) == before; same == neg {
		ts.Fatalf("catalog and data are the same as in the snapshot: %t", same)
	}
}

// cmdAppend appends lines to a file.
func cmdAppend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: append FILE LINE...")
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	ts.Check(err)
	_, err = f.WriteString(strings.Join(args[1:], "\n") + "\n")
	ts.Check(err)
	ts.Check(f.Close())
}

// cmdBytes writes a file with exactly the bytes of a Go-quoted string: what a
// txtar section, which always ends in a newline, can't hold.
func cmdBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE QUOTED")
	}
	var text string
	_, err := fmt.Sscanf(`"`+args[1]+`"`, "%q", &text)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// connect returns a connection to url that is closed with the test.
func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// peer returns the path of another tool's program. Where it is missing, the test
// is skipped on a developer's machine and fails where SCHEMA_TEST_PEERS=required.
func peer(t testing.TB, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("SCHEMA_TEST_PEERS") == "required" {
			t.Fatalf("%s is missing: %s", name, install)
		}
		t.Skipf("%s is not installed: %s", name, install)
	}
	return path
}

var atlasCLI = sync.OnceValues(func() (string, error) {
	if built := os.Getenv("SCHEMA_TEST_ATLAS"); built != "" {
		return built, nil
	}
	dir, err := os.MkdirTemp("", "atlascli")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "atlas")
	cmd := exec.Command("go", "build", "-o", path, "ariga.io/atlas/cmd/atlas")
	cmd.Dir = filepath.Join(root(), "internal", "e2e", "atlascli")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the stock Atlas CLI: %w\n%s", err, out)
	}
	return path, nil
})
