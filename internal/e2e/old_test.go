package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/testcase"
)

// TestOld runs this tool and the one at the revision SCHEMA_TEST_OLD on the cases of the planner and the linter and on
// whole projects, and compares outputs in JSON, exit codes, files and databases. It is for changes that must not change
// behavior.
func TestOld(t *testing.T) {
	revision := os.Getenv("SCHEMA_TEST_OLD")
	if revision == "" {
		t.Skip("SCHEMA_TEST_OLD isn't set")
	}
	tools := [2]string{pgtest.Tool(t, revision), tool}
	each := func(dir string, run func(p *oldAndNew, files map[string]string)) {
		cases, err := testcase.Read(filepath.Join("..", dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			t.Run(strings.ReplaceAll(dir, "/", " ")+" "+c.Name, func(t *testing.T) {
				t.Parallel()
				pgtest.Versions(t, c.Files["postgres"])
				p := &oldAndNew{T: t, tools: tools}
				p.project("testdata/nothing")
				run(p, c.Files)
				p.compare()
			})
		}
	}
	each("lint/testdata/cases", func(p *oldAndNew, files map[string]string) {
		p.write("migrations/20240101000000_before.sql", files["before.sql"])
		p.write("migrations/20240102000000_change.sql", files["migration.sql"])
		p.run("rehash")
		p.run("lint", "-latest=1", "-format=json")
		p.run("apply", "-format=json")
		p.run("status", "-format=json")
	})
	each("plan/testdata", func(p *oldAndNew, files map[string]string) {
		p.write("schema.hcl", files["before.hcl"])
		p.run("plan", "-name=before", "-format=json")
		p.write("schema.hcl", files["after.hcl"])
		p.run("plan", "-name=after", "-format=json")
		p.run("lint", "-latest=1", "-format=json")
		p.run("apply", "-format=json")
		p.run("check", "-format=json")
		p.run("down", "-to=base", "-yes", "-format=json")
	})
	for name, dir := range map[string]string{"second": "testdata/second", "own": root()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &oldAndNew{T: t, tools: tools}
			p.project("testdata/nothing", dir)
			p.run("lint", "-latest=3", "-format=json")
			p.run("apply", "-n=2", "-format=json")
			p.run("apply", "-format=json")
			p.run("status", "-format=json")
			p.run("check", "-format=json")
			p.run("down", "-to=base", "-yes", "-format=json")
			p.compare()
		})
	}
}

// oldAndNew is two copies of a project, each with a database, for two tools.
type oldAndNew struct {
	*testing.T
	tools, dirs [2]string
	dbs         [2]*pgtest.DB
}

// project makes both copies from the inputs in some folders. Files in later folders replace those in earlier ones.
func (p *oldAndNew) project(from ...string) {
	p.Helper()
	for i := range p.dirs {
		p.dirs[i], p.dbs[i] = p.TempDir(), pgtest.New(p.T)
		for _, source := range from {
			for _, name := range inputs {
				src, dst := filepath.Join(source, name), filepath.Join(p.dirs[i], name)
				if _, err := os.Stat(src); err == nil {
					if out, err := exec.Command("cp", "-r", src, filepath.Dir(dst)).CombinedOutput(); err != nil {
						p.Fatalf("%v: %s", err, out)
					}
				}
			}
		}
	}
}

func (p *oldAndNew) write(name, text string) {
	p.Helper()
	for _, dir := range p.dirs {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			p.Fatal(err)
		}
	}
}

// run runs a command with both tools and compares outputs and exit codes.
func (p *oldAndNew) run(args ...string) {
	p.Helper()
	var got [2]string
	for i, program := range p.tools {
		cmd := exec.Command(program, args...)
		cmd.Dir = p.dirs[i]
		cmd.Env = append(os.Environ(), "DATABASE_URL="+p.dbs[i].URL, "NO_COLOR=1")
		out, _ := cmd.Output()
		got[i] = fmt.Sprintf("exit code %d\n%s", cmd.ProcessState.ExitCode(), p.numbered(string(out), i))
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		p.Errorf("%s (-old +new):\n%s", strings.Join(args, " "), diff)
	}
}

var times = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)|\b\d+(\.\d+)?(ms|µs|s)\b|h1:[0-9A-Za-z+/=]+|"ExecutionTime": \d+`)

// numbered returns an output in which numbers replace this run's versions.
func (p *oldAndNew) numbered(out string, i int) string {
	out = strings.NewReplacer(p.dirs[i], "DIR", p.dbs[i].Name, "DB").Replace(out)
	seen := map[string]string{}
	out = version.ReplaceAllStringFunc(out, func(v string) string {
		if !strings.HasPrefix(v, "202401") && seen[v] == "" {
			seen[v] = fmt.Sprintf("VERSION%d", len(seen)+1)
		}
		return seen[v]
	})
	return times.ReplaceAllString(out, "MOVING")
}

// compare compares the projects' files and the databases' contents.
func (p *oldAndNew) compare() {
	p.Helper()
	var got [2]string
	for i, dir := range p.dirs {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "atlas.sum" {
				return err
			}
			text, err := os.ReadFile(path)
			got[i] += path + ":\n" + string(text)
			return err
		})
		if err != nil {
			p.Fatal(err)
		}
		got[i] = p.numbered(got[i]+held(p.T, p.dbs[i]), i)
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		p.Errorf("files and databases (-old +new):\n%s", diff)
	}
}
