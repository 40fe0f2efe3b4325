package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A document's console blocks run in order, in one shell. Their commands print what the document shows, or, in a block
// that shows no output, must succeed. Comments say what else happens:
//
//	<!-- setup: LINES -->            lines of a script that come first; a document without them is run by a script
//	<!-- file: PATH -->              the next block is the file; if it is a diff, a change of the file
//	<!-- file: PATH in: LINE -->     the next block comes to the end of the file's block that begins with that line
//	<!-- not run: REASON -->         the next block doesn't run
//
// PATH may be a pattern that matches one file.
type document struct {
	text   string
	setup  string
	blocks []block
}

type block struct {
	language, body string
	start, end     int    // of the body in the text
	says, argument string // the comment: "file", "not run" or nothing, and the rest of it
}

var markup = regexp.MustCompile("(?ms)^<!-- ([a-z ]+):\\s(.*?)-->$|^```([^\n]*)\n(.*?)^```$")

func parseDocument(text string) (document, error) {
	d := document{text: text}
	says, argument, after := "", "", 0
	wrong := func(at int, format string, args ...any) error {
		return fmt.Errorf("line %d: %s", strings.Count(text[:at], "\n")+1, fmt.Sprintf(format, args...))
	}
	for _, m := range markup.FindAllStringSubmatchIndex(text, -1) {
		if says != "" && (m[2] >= 0 || strings.TrimSpace(text[after:m[0]]) != "") {
			return d, wrong(after, "no block follows the comment %q", says)
		}
		if m[2] >= 0 {
			switch says, argument, after = text[m[2]:m[3]], strings.TrimSpace(text[m[4]:m[5]]), m[1]; says {
			case "setup":
				d.setup, says = argument+"\n", ""
			case "file", "not run":
				if argument == "" {
					return d, wrong(m[0], "the comment %q says no more", says)
				}
			default:
				return d, wrong(m[0], "unknown comment %q", says)
			}
			continue
		}
		d.blocks = append(d.blocks, block{language: text[m[6]:m[7]], body: text[m[8]:m[9]], start: m[8], end: m[9], says: says, argument: argument})
		says, argument = "", ""
	}
	if says != "" {
		return d, wrong(after, "no block follows the comment %q", says)
	}
	return d, nil
}

// TestDocuments runs the documents. With -update it writes what the commands print.
func TestDocuments(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root(), "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(root(), "docs"), func(path string, d fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	scriptFiles, err := filepath.Glob(filepath.Join("testdata", "scripts", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	ranBy := map[string]bool{}
	for _, name := range scriptFiles {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^document (\S+)$`).FindAllStringSubmatch(string(text), -1) {
			ranBy[m[1]] = true
		}
	}

	dir, cache := t.TempDir(), t.TempDir()
	run, not := 0, 0
	for _, path := range names {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root(), path)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.ToSlash(name)
		d, err := parseDocument(string(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runs := false
		for _, b := range d.blocks {
			switch {
			case b.language != "console":
			case b.says == "not run":
				not++
				t.Logf("%s: not run: %s", name, b.argument)
			default:
				run, runs = run+1, true
			}
		}
		switch {
		case d.setup == "" && runs && !ranBy[name]:
			t.Errorf("%s has console blocks: add a comment <!-- setup: ... --> with a script's lines, or a script with the line `document %[1]s`", name)
		case d.setup != "" && (!runs || ranBy[name]):
			t.Errorf("%s has a setup, and a script runs it or nothing does", name)
		case runs && d.setup != "":
			script := filepath.Join(dir, strings.ReplaceAll(strings.TrimSuffix(name, ".md"), "/", "-")+".txtar")
			if err := os.WriteFile(script, []byte("env XDG_CACHE_HOME="+cache+"\n"+d.setup+"document "+name+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Attr("documents-blocks", fmt.Sprint(run))
	t.Attr("documents-blocks-not-run", fmt.Sprint(not))
	t.Logf("%d console blocks of documents run, %d don't", run, not)
	testscript.Run(t, scripts(t, dir))
}

// cmdClone makes a git repository with this repository's project on the branch main, as a clone has it. Its local
// PostgreSQL is deleted at the end.
func cmdClone(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 0, "clone")
	cmdProject(ts, neg, []string{"ibutsu"})
	pages := filepath.Join("docs", "schema") // which check compares
	ts.Check(os.CopyFS(ts.MkAbs(pages), os.DirFS(filepath.Join(root(), pages))))
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"commit", "-q", "-m", "start"}} {
		ts.Check(ts.Exec("git", args...))
	}
	dir, cache := ts.MkAbs("."), ts.Getenv("XDG_CACHE_HOME")
	ts.Defer(func() {
		cmd := exec.Command(tool, "dev:reset")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "XDG_CACHE_HOME="+cache)
		if out, err := cmd.CombinedOutput(); err != nil {
			scriptOf(ts).t.Errorf("dev:reset: %v\n%s", err, out)
		}
	})
}

// cmdDocument runs a document in the script's folder.
func cmdDocument(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "document FILE")
	file := filepath.Join(root(), filepath.FromSlash(args[0]))
	text, err := os.ReadFile(file)
	ts.Check(err)
	d, err := parseDocument(string(text))
	ts.Check(err)
	s := &shell{ts: ts, state: scriptOf(ts).t.TempDir()}
	v := versions{}
	var next strings.Builder
	last := 0
	for _, b := range d.blocks {
		switch {
		case b.says == "not run":
		case b.says == "file":
			ts.Check(s.edit(b, v))
		case b.language == "console":
			next.WriteString(d.text[last:b.start])
			last = b.end
			list, err := steps(b.body)
			ts.Check(err)
			silent := !slices.ContainsFunc(list, func(st step) bool { return st.shows != "" })
			for _, st := range list {
				output, err := s.run(v.real(st.command))
				printed := databaseLine.ReplaceAllStringFunc(v.shown(scriptOf(ts).placeholders().Replace(output)), production)
				if silent && err != nil {
					ts.Fatalf("%s: %v\n%s", st.command, err, printed)
				}
				if !silent && steady(printed) != steady(st.shows) {
					if !*update {
						ts.Fatalf("%s prints\n%s\nand in %s\n%s", st.command, steady(printed), args[0], steady(st.shows))
					}
					st.shows = updated(st.shows, printed)
				}
				next.WriteString(st.String())
			}
		}
	}
	next.WriteString(d.text[last:])
	if next.String() != d.text && *update {
		ts.Check(os.WriteFile(file, []byte(next.String()), 0o644))
	}
}

// production returns the line that names a database as documents have it.
func production(line string) string {
	if strings.Contains(line, " of the local PostgreSQL") {
		return line
	}
	return "database ibutsu at db.example.com:5432, as user ibutsu\n"
}

// A step is a command of a console block, and what the document shows under it.
type step struct{ command, shows string }

func (s step) String() string {
	text := "$ " + s.command + "\n"
	if s.shows != "" {
		text += s.shows + "\n"
	}
	return text
}

// steps returns the commands of a console block. Each begins with "$ " and goes on after a line that ends with a
// backslash.
func steps(body string) (list []step, err error) {
	goesOn := false
	for l := range strings.SplitSeq(strings.TrimSuffix(body, "\n"), "\n") {
		command, begins := strings.CutPrefix(l, "$ ")
		last := len(list) - 1
		switch {
		case goesOn:
			list[last].command += "\n" + l
		case begins:
			list = append(list, step{command: command})
		case last < 0:
			return nil, fmt.Errorf("the block doesn't begin with a command, but with %q", l)
		case list[last].shows == "":
			list[last].shows = l
		default:
			list[last].shows += "\n" + l
		}
		goesOn = (begins || goesOn) && strings.HasSuffix(l, "\\")
	}
	return list, nil
}

// sizes depend on the server's version.
var size = regexp.MustCompile(`\b\d+ (bytes|kB|MB)\b`)

// steady returns an output without what differs between runs.
func steady(text string) string {
	return strings.TrimRight(size.ReplaceAllString(unmoved(text), "SIZE"), "\n")
}

// updated returns what was printed for a document that showed something else. Lines that differ only in what changes
// from run to run stay as they were, and those that are printed only sometimes are left out.
func updated(showed, printed string) string {
	for _, m := range moving {
		if m.as == "" {
			printed = m.pattern.ReplaceAllString(printed, "")
		}
	}
	was := strings.Split(showed, "\n")
	lines := strings.Split(strings.TrimRight(printed, "\n"), "\n")
	for i, l := range lines {
		if j := slices.IndexFunc(was, func(old string) bool { return steady(old) == steady(l) }); j >= 0 {
			lines[i] = was[j]
			was = slices.Delete(was, j, j+1)
		}
	}
	return strings.Join(lines, "\n")
}

// A shell runs commands one by one, and keeps the folder and the exported variables. `go tool mage` is the compiled
// binary.
type shell struct {
	ts    *testscript.TestScript
	state string // the folder for both
}

// run returns what a command prints, and an error if it fails.
func (s *shell) run(command string) (string, error) {
	const script = `exec 2>&1
go() { if [ "$1 $2" = "tool mage" ]; then shift 2; mage "$@"; else command go "$@"; fi; }
if [ -f "$0/variables" ]; then . "$0/variables"; cd "$(cat "$0/folder")"; fi
%s
code=$?
export -p >"$0/variables"
pwd >"$0/folder"
exit $code`
	err := s.ts.Exec("sh", "-c", fmt.Sprintf(script, command), s.state)
	return s.ts.ReadFile("stdout"), err
}

// edit writes or changes the file that a block is about.
func (s *shell) edit(b block, v versions) error {
	pattern, in, _ := strings.Cut(b.argument, " in: ")
	dir := s.ts.MkAbs(".")
	if folder, err := os.ReadFile(filepath.Join(s.state, "folder")); err == nil {
		dir = strings.TrimSpace(string(folder))
	}
	file := filepath.Join(dir, filepath.FromSlash(v.real(pattern)))
	if strings.Contains(pattern, "*") {
		found, err := filepath.Glob(file)
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%s matches %q", pattern, found)
		}
		file = found[0]
	}
	old, err := os.ReadFile(file)
	if err != nil && (!os.IsNotExist(err) || in != "" || b.language == "diff") {
		return err
	}
	text, err := edited(string(old), in, b)
	if err != nil {
		return fmt.Errorf("%s: %w", pattern, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(v.real(text)), 0o644)
}

// edited returns a file's text after a block's change of it.
func edited(text, in string, b block) (string, error) {
	switch {
	case in != "":
		begin := strings.Index("\n"+text, "\n"+in+"\n")
		if begin < 0 {
			return "", fmt.Errorf("it has no line %q", in)
		}
		end := strings.Index(text[begin:], "\n}\n")
		if end < 0 {
			return "", fmt.Errorf("the block %q has no end", in)
		}
		return text[:begin+end+1] + b.body + text[begin+end+1:], nil
	case b.language == "diff":
		return patched(text, b.body)
	}
	return b.body, nil
}

// patched applies a diff whose hunks begin with "@@ LINE": what follows is in the part that begins with that line.
func patched(text, diff string) (string, error) {
	for hunk := range strings.SplitSeq("\n"+strings.TrimSuffix(diff, "\n"), "\n@@ ") {
		if strings.TrimSpace(hunk) == "" {
			continue // what comes before the first one
		}
		where, lines, _ := strings.Cut(hunk, "\n")
		var old, next strings.Builder
		for l := range strings.SplitSeq(lines, "\n") {
			kind, l := l[:min(1, len(l))], l[min(1, len(l)):]
			if kind != "+" {
				old.WriteString(l + "\n")
			}
			if kind != "-" {
				next.WriteString(l + "\n")
			}
			if !strings.Contains("+- ", kind) {
				return "", fmt.Errorf("the diff has the line %q", kind+l)
			}
		}
		begin := strings.Index("\n"+text, "\n"+where+"\n")
		if begin < 0 {
			return "", fmt.Errorf("it has no line %q", where)
		}
		at := strings.Index(text[begin:], "\n"+old.String())
		if at < 0 {
			return "", fmt.Errorf("after %q it doesn't have\n%s", where, old.String())
		}
		at += begin + 1
		text = text[:at] + next.String() + text[at+old.Len():]
	}
	return text, nil
}

// versions maps the versions of files that commands make, by the clock, to those that the document shows. These are the
// same whenever it runs: a minute for each command that makes some.
type versions map[string]string

var epoch = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

// shown returns an output as the document has it.
func (v versions) shown(output string) string {
	var made []string
	for _, m := range version.FindAllString(output, -1) {
		if stable(m) == "NOW" && v[m] == "" && !slices.Contains(made, m) {
			made = append(made, m)
		}
	}
	slices.Sort(made)
	minute := epoch
	for _, shown := range v {
		if t, err := time.Parse("20060102150405", shown); err == nil && !t.Before(minute) {
			minute = t.Truncate(time.Minute).Add(time.Minute)
		}
	}
	for i, m := range made {
		v[m] = minute.Add(time.Duration(i) * time.Second).Format("20060102150405")
	}
	return version.ReplaceAllStringFunc(output, func(m string) string {
		if shown, ok := v[m]; ok {
			return shown
		}
		return m
	})
}

// real returns a text of the document with the versions of the files that there are.
func (v versions) real(text string) string {
	for real, shown := range v {
		text = strings.ReplaceAll(text, shown, real)
	}
	return text
}

func TestDocumentEdits(t *testing.T) {
	const text = "a {\n  x\n  y\n}\nb {\n  x\n}\n"
	for _, tt := range []struct{ comment, block, want string }{
		{"file: f", "```hcl\nz\n```", "z\n"},
		{"file: f in: b {", "```hcl\n  z\n```", "a {\n  x\n  y\n}\nb {\n  x\n  z\n}\n"},
		{"file: f", "```diff\n@@ b {\n-  x\n+  z\n```", "a {\n  x\n  y\n}\nb {\n  z\n}\n"},
		{"file: f", "```diff\n@@ a {\n   x\n+  z\n@@ b {\n-  x\n```", "a {\n  x\n  z\n  y\n}\nb {\n}\n"},
		{"file: f", "```diff\n@@ b {\n-  y\n```", "error"},
		{"file: f", "```diff\n@@ c {\n-  y\n```", "error"},
		{"file: f in: c {", "```hcl\n```", "error"},
	} {
		d, err := parseDocument("<!-- " + tt.comment + " -->\n" + tt.block + "\n")
		if err != nil {
			t.Fatal(err)
		}
		_, in, _ := strings.Cut(d.blocks[0].argument, " in: ")
		got, err := edited(text, in, d.blocks[0])
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("%s %q: %q, %v", tt.comment, tt.block, got, err)
		}
	}
	for _, text := range []string{"<!-- fle: x -->\n", "<!-- not run: -->\n```console\n```\n", "<!-- file: x -->\n", "<!-- file: x -->\ntext\n```hcl\n```\n", "<!-- file: x -->\n<!-- file: y -->\n```hcl\n```\n"} {
		if d, err := parseDocument(text); err == nil {
			t.Errorf("%q is read as %+v", text, d)
		}
	}
}
