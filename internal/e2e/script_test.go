package e2e

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// commands are the scripts' commands in addition to testscript's own.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"project":  cmdProject,
	"database": cmdDatabase,
	"login":    cmdLogin,
	"restore":  cmdRestore,
	"sql":      cmdSQL,
	"cutoff":   cmdCutOff,
	"exits":    cmdExits,
	"snapshot": cmdSnapshot,
	"same":     cmdSame,
	"tree":     cmdTree,
	"append":   cmdAppend,
	"replace":  cmdReplace,
	"bytes":    cmdBytes,
	"metrics":  cmdMetrics,
	"decodes":  cmdDecodes,
	"clone":    cmdClone,
	"document": cmdDocument,
}

// script is what the commands know about their script.
type script struct {
	t         testing.TB
	work      string                // its folder
	databases map[string]*pgtest.DB // by URL
	names     [][2]string           // a text that differs between runs, and the variable that holds it
	snapshots map[string]string
}

type scriptKey struct{}

func scriptOf(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

// cmdProject copies a project's files into the script's folder: with `project ibutsu` this repository's own, with
// `project NAME` those in testdata/NAME.
func cmdProject(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "project ibutsu|NAME")
	from := root()
	if args[0] != "ibutsu" {
		from = filepath.Join(root(), "internal", "e2e", "testdata", args[0])
	}
	for _, name := range inputs {
		src, dst := filepath.Join(from, name), ts.MkAbs(name)
		info, err := os.Stat(src)
		if os.IsNotExist(err) { // git doesn't keep empty folders
			ts.Check(os.MkdirAll(dst, 0o755))
			continue
		}
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
func cmdDatabase(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "database NAME")
	s := scriptOf(ts)
	db := pgtest.New(s.t)
	s.databases[db.URL] = db
	s.know(ts, args[0], db.URL)
}

// know sets the variable to a database's URL. In outputs the variable replaces the names in that URL, which differ
// between runs.
func (s *script) know(ts *testscript.TestScript, variable, dbURL string) {
	u, err := url.Parse(dbURL)
	ts.Check(err)
	ts.Setenv(variable, dbURL)
	host, port := u.Query().Get("host"), u.Query().Get("port")
	if host == "" {
		host, port = u.Hostname(), u.Port()
	}
	s.names = append(s.names, [2]string{dbURL, variable})
	for name, value := range map[string]string{
		variable + "_USER": u.User.Username(), variable + "_NAME": strings.TrimPrefix(u.Path, "/"), variable + "_PORT": port, "SOCKET": host,
	} {
		ts.Setenv(name, value)
		if name != variable+"_PORT" { // a number may mean anything
			s.names = append(s.names, [2]string{value, name})
		}
	}
}

// placeholders replaces values with their variables, the longest ones first.
func (s *script) placeholders() *strings.Replacer {
	names := slices.SortedFunc(slices.Values(s.names), func(a, b [2]string) int {
		return cmp.Or(len(b[0])-len(a[0]), strings.Compare(a[1], b[1]))
	})
	pairs := []string{s.work, "$WORK"}
	for _, n := range names {
		pairs = append(pairs, n[0], "$"+n[1])
	}
	return strings.NewReplacer(pairs...)
}

// cmdLogin sets the variable NAME to the URL of the database URL for a role that needs its password, and may have
// attributes of CREATE ROLE.
func cmdLogin(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 3, "login NAME URL PASSWORD [ATTRIBUTE...]")
	s := scriptOf(ts)
	db := s.databases[args[1]]
	if db == nil {
		ts.Fatalf("%s isn't a database of this script", args[1])
	}
	s.know(ts, args[0], db.Login(args[2], strings.Join(args[3:], " ")))
}

// cmdRestore runs psql on the database URL with a file of Ibutsu's test data.
func cmdRestore(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "restore URL FILE [PSQL-OPTION...]")
	file := args[1]
	if !filepath.IsAbs(file) {
		file = filepath.Join(root(), "internal", "schematest", "testdata", file)
	}
	ts.Check(ts.Exec("psql", append([]string{"-qX", "-v", "ON_ERROR_STOP=1", "-f", file, args[0]}, args[2:]...)...))
}

// cmdSQL runs SQL with psql. Rows are lines on stdout, with | between fields.
func cmdSQL(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "sql URL SQL...")
	ts.Check(ts.Exec("psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-c", strings.Join(args[1:], " "), args[0]))
}

// cmdCutOff interrupts a concurrent build of one of the table's indexes, which leaves an INVALID index.
func cmdCutOff(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "cutoff URL TABLE SQL")
	db := scriptOf(ts).databases[args[0]]
	if db == nil {
		ts.Fatalf("%s isn't a database of this script", args[0])
	}
	db.CutOff(args[1], args[2])
}

// databaseLine is the line that names the database. A script has its own, so outputs are compared without the line.
var databaseLine = regexp.MustCompile(`(?m)^database \S+ (at|of) .*, as user \S+\n`)

// moving are the parts of an output that differ between runs.
var moving = []struct {
	pattern *regexp.Regexp
	as      string
}{
	// Only printed on old versions of PostgreSQL.
	{regexp.MustCompile(`(?m)^.*\bout of support\b.*\n`), ""},
	// Only printed for what takes longer than a second, which on a busy machine may be anything.
	{regexp.MustCompile(`(?m)^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ `), ""},
	{regexp.MustCompile(`(?m)^   (done in|statement \d+ of \d+ took|statement \d+ of \d+: pass \d+,) .*\n`), ""},
	{regexp.MustCompile(`\b\d+ ms\b|\b\d+\.\d s\b|\b\d+m\d+s\b`), "TIME"},
	{regexp.MustCompile(`\b20[2-9]\d-\d\d-\d\d( \d\d:\d\d)?\b`), "DATE"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d UTC\b`), "CLOCK UTC"},
	{regexp.MustCompile(`\bport \d+\b`), "port PORT"},
	{regexp.MustCompile(`\bpid \d+\b`), "pid PID"},
	{regexp.MustCompile(`\.staged-\d+`), ".staged-N"},
	{regexp.MustCompile(`\bat [0-9a-f]{8}\b`), "at COMMIT"},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "COMMIT"},
}

var version = regexp.MustCompile(`\d{14}`)

// stable returns an output without what differs between runs. Versions from this run become NOW.
func stable(text string) string { return unmoved(databaseLine.ReplaceAllString(text, "")) }

// unmoved is stable, but keeps the line that names the database.
func unmoved(text string) string {
	for _, m := range moving {
		text = m.pattern.ReplaceAllString(text, m.as)
	}
	return version.ReplaceAllStringFunc(text, func(v string) string {
		if made, err := time.Parse("20060102150405", v); err == nil && time.Since(made).Abs() < time.Hour {
			return "NOW"
		}
		return v
	})
}

// cmdExits runs a program that must exit with CODE. Names replace what differs between runs in its outputs.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "exits CODE PROGRAM [ARG...]")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	names := scriptOf(ts).placeholders()
	shown := func(output string) string { return stable(names.Replace(ts.ReadFile(output))) }
	stdout, stderr := shown("stdout"), shown("stderr")
	fmt.Fprint(ts.Stdout(), stdout)
	fmt.Fprint(ts.Stderr(), stderr)
	if got != want {
		ts.Fatalf("exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", got, want, stdout, stderr)
	}
}

// restrict matches the lines with a random key that pg_dump has written since 2025.
var restrict = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// checksum covers everything that pg_dump prints: schema, data, record tables. If pg_dump is too old for the server, it
// covers the catalog and the rows.
func checksum(ts *testscript.TestScript, db *pgtest.DB) string {
	out, err := exec.Command("pg_dump", "--no-owner", db.URL).CombinedOutput()
	switch {
	case err != nil && strings.Contains(string(out), "server version mismatch"):
		out, err = contents(db)
		ts.Check(err)
	case err != nil:
		ts.Fatalf("pg_dump: %v\n%s", err, out)
	}
	sum := sha256.Sum256(restrict.ReplaceAll(out, nil))
	return hex.EncodeToString(sum[:])
}

// contents returns a database's catalog, the rows of its tables and the values of its sequences.
func contents(db *pgtest.DB) ([]byte, error) {
	ctx := context.Background()
	conn, err := db.Connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	c, err := catalog.Read(ctx, conn, catalog.Options{})
	if err != nil {
		return nil, err
	}
	out := []byte(c.String())
	rows, err := conn.Query(ctx, `SELECT c.oid::regclass::text FROM pg_class c
		WHERE c.relkind IN ('r', 'S') AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
		ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	relations, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	for _, r := range relations {
		var data string
		query := "SELECT coalesce(string_agg(row(t.*)::text, E'\\n' ORDER BY row(t.*)::text), '') FROM " + r + " t"
		if err := conn.QueryRow(ctx, query).Scan(&data); err != nil {
			return nil, fmt.Errorf("reading %s: %w", r, err)
		}
		out = fmt.Appendf(out, "%s:\n%s\n", r, data)
	}
	return out, nil
}

// folder covers names, bytes and modes of a folder's files.
func folder(ts *testscript.TestScript, dir string) string {
	h := sha256.New()
	ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		h.Write([]byte(path + "\x00" + d.Type().String() + string(sum[:])))
		return err
	}))
	return hex.EncodeToString(h.Sum(nil))
}

func state(ts *testscript.TestScript, of string) string {
	if db := scriptOf(ts).databases[of]; db != nil {
		return checksum(ts, db)
	}
	return folder(ts, of)
}

// cmdSnapshot remembers a checksum of a database's catalog and data, or of all files in a folder.
func cmdSnapshot(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) > 0, "snapshot URL|FOLDER...")
	for _, of := range args {
		scriptOf(ts).snapshots[of] = state(ts, of)
	}
}

// cmdSame fails if a database or folder differs from its snapshot; negated, if it doesn't.
func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) > 0, "[!] same URL|FOLDER...")
	for _, of := range args {
		before, ok := scriptOf(ts).snapshots[of]
		if !ok {
			ts.Fatalf("no snapshot of %s", of)
		}
		if same := state(ts, of) == before; same == neg {
			ts.Fatalf("%s is the same as in the snapshot: %t", of, same)
		}
	}
}

// cmdTree prints the paths of a folder's files.
func cmdTree(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "tree FOLDER")
	stdout := ts.Stdout()
	ts.Check(fs.WalkDir(os.DirFS(ts.MkAbs(args[0])), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			fmt.Fprintln(stdout, path)
		}
		return err
	}))
}

// cmdAppend appends lines to a file.
func cmdAppend(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "append FILE LINE...")
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	ts.Check(err)
	_, err = f.WriteString(strings.Join(args[1:], "\n") + "\n")
	ts.Check(err)
	ts.Check(f.Close())
}

// cmdReplace replaces a text that occurs once in a file. The texts are Go-quoted, without the quotes around them.
func cmdReplace(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "replace FILE OLD NEW")
	data := ts.ReadFile(args[0])
	before, after := unquote(ts, args[1]), unquote(ts, args[2])
	if n := strings.Count(data, before); n != 1 {
		ts.Fatalf("%s has %q %d times", args[0], before, n)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(data, before, after, 1)), 0o644))
}

// cmdBytes writes a file with exactly the bytes of a Go-quoted text. A txtar section always ends with a newline.
func cmdBytes(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "bytes FILE TEXT")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(unquote(ts, args[1])), 0o644))
}

func unquote(ts *testscript.TestScript, text string) string {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	ts.Check(err)
	return s
}
