package cmdline_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/magefile/mage/parse"

	"github.com/ibutsu/ibutsu-schema/internal/cmdline"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// The targets and flags are those that mage finds.
func TestTargets(t *testing.T) {
	const dir = "../../magefiles"
	got, err := cmdline.Targets(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	info, err := parse.PrimaryPackage("go", dir, files, false)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{"time.Duration": "time.Duration", "string": "string", "int": "int", "bool": "bool"}
	want := map[string]cmdline.Target{}
	for _, f := range info.Funcs {
		target := cmdline.Target{Name: strings.ToLower(f.TargetName()), Synopsis: f.Synopsis}
		for _, a := range f.Args {
			target.Flags = append(target.Flags, cmdline.Flag{Name: a.Name, Type: types[a.Type], Help: a.Comment})
		}
		want[target.Name] = target
	}
	have := map[string]cmdline.Target{}
	for _, g := range got {
		have[g.Name] = g
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-mage +ours):\n%s", diff)
	}
}

var targets = []cmdline.Target{
	{Name: "apply", Flags: []cmdline.Flag{{Name: "to", Type: "string"}, {Name: "n", Type: "int"}, {Name: "url", Type: "string"}, {Name: "wait", Type: "time.Duration"}, {Name: "dryrun", Type: "bool"}}},
	{Name: "dev:up"},
	{Name: "plan", Synopsis: "writes the user's \"migration\": [all] $of it.", Flags: []cmdline.Flag{{Name: "name", Type: "string", Help: "a 'name': [it]"}, {Name: "dryrun", Type: "bool"}}},
	{Name: "version"},
}

func TestTranslate(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"", ""},
		{"plan", "plan"},
		{"-v plan -name=x", "-v plan -name=x"},
		{"-t 5m plan", "-t 5m plan"},
		{"PLAN -Name=X", "plan -name=X"},
		{"plan -h", "-h plan"},
		{"plan --help", "-h plan"},
		{"plan -dryrun -help", "-h plan"},
		{"--help", "-l"},
		{"help", "-l"},
		{"help plan", "-h plan"},
		{"-h plan", "-h plan"},
		{"-v --help plan", "-v -h plan"},
		{"--version", "version"},
		{"plan --dry-run", "plan -dryrun"},
		{"plan -dry-run=false", "plan -dryrun=false"},
		{"plan --dry_run --name=a=b", "plan -dryrun -name=a=b"},
		{"apply -wait=5m -n=2 -wait=0", "apply -wait=5m -n=2 -wait=0"},
		{"dev:up", "dev:up"},

		{"plann", "there is no command \"plann\": did you mean `plan`?"},
		{"help plann", "there is no command \"plann\": did you mean `plan`?"},
		{"xyz", `there is no command "xyz"; known commands: apply, dev:up, plan, version`},
		{"upgrade head", "there is no command \"upgrade\": it is `apply` here"},
		{"migrate up", "there is no command \"migrate\": `migrate up` is `apply` here"},
		{"migrate apply -n=1", "there is no command \"migrate\": write `apply` without it"},
		{"migrate", "there is no command \"migrate\": it is `apply` here"},
		{"db", `there is no command "db"; known commands: apply, dev:up, plan, version`},
		{"postgres://u:secret@h/d", `there is no command (a URL); known commands: apply, dev:up, plan, version`},
		{"plan add_x", "unexpected word \"add_x\" after \"plan\": it takes only options, written -name=value (`plan -h` lists them)"},
		{"plan -dryrun apply", "unexpected word \"apply\" after \"plan\": it takes only options, written -name=value (`plan -h` lists them)"},
		{"apply postgres://u:secret@h/d", "unexpected word (a URL) after \"apply\": it takes only options, written -name=value (`apply -h` lists them)"},
		{"apply -url postgres://u:secret@h/d", "-url: write the value after an equals sign: -url=URL (`apply -h` lists the options)"},
		{"plan --name x", "--name: write the value after an equals sign: -name=x (`plan -h` lists the options)"},
		{"plan -name", "-name: it needs a value: -name=VALUE (`plan -h` lists the options)"},
		{"plan -name -dryrun", "-name: it needs a value: -name=VALUE (`plan -h` lists the options)"},
		{"apply -to=", "-to=: it has no value: give it one, or omit it (`apply -h` lists the options)"},
		{"plan -nam=x", "plan has no option -nam: did you mean -name?"},
		{"plan -target=x", "plan has no option -target; known options: -name, -dryrun"},
		{"version -x", "version has no option -x: it takes none"},
		{"apply -n=two", "-n=two: the value is a whole number, such as -n=2 (`apply -h` lists the options)"},
		{"apply -wait=5", "-wait=5: the value needs a unit: -wait=5s for seconds, 5m for minutes (`apply -h` lists the options)"},
		{"apply -wait=long", "-wait=long: the value is a duration, such as 30s or 5m (`apply -h` lists the options)"},
		{"apply -dryrun=maybe", "-dryrun=maybe: the value is true or false; -dryrun alone is true (`apply -h` lists the options)"},
		{"plan -x=##[group]", "-x=##[group]: an option can't contain ##[, because mage prints unknown options and GitHub's runner would take it for a command"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			got, err := cmdline.Translate(targets, strings.Fields(tt.line))
			if err != nil {
				if !errors.As(err, new(*usage.Error)) {
					t.Errorf("the error is a %T", err)
				}
				got = []string{err.Error()}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What the commands of other tools are called here exists, and none of them hides one of ours.
func TestElsewhere(t *testing.T) {
	ours, err := cmdline.Targets(os.DirFS("../../magefiles"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, o := range ours {
		names[o.Name] = true
	}
	for there, here := range cmdline.Elsewhere {
		if names[there] {
			t.Errorf("%s is a command here", there)
		}
		for _, part := range strings.FieldsFunc(here, func(r rune) bool { return r == ',' }) {
			if word := strings.Fields(strings.TrimPrefix(strings.TrimSpace(part), "or "))[0]; !names[word] {
				t.Errorf("%s is said to be %q, which isn't a command", there, word)
			}
		}
	}
}

// Functions that aren't targets, and texts that look like functions.
func TestTargetsOfAnyFile(t *testing.T) {
	got, err := cmdline.Targets(fstest.MapFS{"a.go": {Data: []byte("package main\n\nfunc init() {}\n\n// Of is one.\nfunc (c *command) Of(x *int) {}\n\n// A does. And more.\nfunc A(ctx context.Context, b *int, c *bool) error {\n\treturn nil\n}\n\nvar f = func(X int) {}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	want := []cmdline.Target{{Name: "a", Synopsis: "does.", Flags: []cmdline.Flag{{Name: "b", Type: "int"}, {Name: "c", Type: "bool"}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// shell returns the path of a shell. If it is missing, the test is skipped, or fails with SCHEMA_TEST_PEERS=required.
func shell(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("SCHEMA_TEST_PEERS") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

// The shells run the scripts and complete with them.
func TestCompletion(t *testing.T) {
	const program = "ibutsu-schema.v1"
	for _, tt := range []struct {
		shell, test string
		want        map[string]string // candidates by the line up to the cursor
	}{
		{"bash", `COMP_WORDBREAKS=$' \t\n"><=;|&(:'; COMP_LINE=$LINE; COMP_POINT=${#COMP_LINE}; $(complete -p ibutsu-schema.v1 | sed 's/.*-F \([^ ]*\).*/\1/'); printf '%s\n' "${COMPREPLY[@]}"`, map[string]string{
			"ibutsu-schema.v1 ": "apply dev:up plan version", "ibutsu-schema.v1 p": "plan", "ibutsu-schema.v1 dev:": "up", "ibutsu-schema.v1 dev:u": "up",
			"ibutsu-schema.v1 plan ": "-name= -dryrun", "ibutsu-schema.v1 plan -name=x -d": "-dryrun", "ibutsu-schema.v1 plan -n": "-name=", "ibutsu-schema.v1 version ": "", "ibutsu-schema.v1 x": "",
		}},
		{"zsh", `autoload -Uz compinit; compinit -u -D; eval "$SCRIPT"
			_describe() { print -rl -- "${(P@)2}" }; _arguments() { print -rl -- "$@" }
			words=(${(s: :)LINE}); [[ $LINE == *' ' ]] && words+=(''); CURRENT=${#words}; ${_comps[ibutsu-schema.v1]}`, map[string]string{
			"ibutsu-schema.v1 ":      `apply: dev\:up: plan:writes the user's "migration": [all] $of it. version:`,
			"ibutsu-schema.v1 plan ": `-name=-[a 'name'\: \[it\]]:value:  -dryrun[]`,
		}},
		{"fish", `echo "$SCRIPT" | source; complete -C "$LINE"`, map[string]string{
			"ibutsu-schema.v1 p": "plan\twrites the user's \"migration\": [all] $of it.", "ibutsu-schema.v1 plan -n": "-name=\ta 'name': [it]", "ibutsu-schema.v1 plan -d": "-dryrun",
			"ibutsu-schema.v1 version -": "",
		}},
	} {
		t.Run(tt.shell, func(t *testing.T) {
			path := shell(t, tt.shell)
			script, err := cmdline.Completion(tt.shell, program, targets)
			if err != nil {
				t.Fatal(err)
			}
			for line, want := range tt.want {
				args := []string{"-c", tt.test}
				switch tt.shell {
				case "bash":
					args = []string{"--norc", "-c", `eval "$SCRIPT"; ` + tt.test}
				case "zsh":
					args = []string{"-f", "-c", tt.test}
				}
				cmd := exec.Command(path, args...)
				cmd.Env = append(os.Environ(), "SCRIPT="+script, "LINE="+line, "HOME="+t.TempDir())
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%q: %v\n%s\n%s", line, err, out, script)
				}
				if got := strings.Join(strings.Split(strings.Trim(string(out), "\n"), "\n"), " "); got != want {
					t.Errorf("%q is completed with %q, want %q", line, got, want)
				}
			}
		})
	}
	for _, program := range []string{"a b", "$(x)", "'", ""} {
		if _, err := cmdline.Completion("bash", program, targets); err == nil {
			t.Errorf("the program's name can be %q", program)
		}
	}
	if _, err := cmdline.Completion("tcsh", program, targets); err == nil || err.Error() != "-shell=tcsh is unknown; known shells: bash, zsh, fish" {
		t.Errorf("the error is %v", err)
	}
}
