package cmdline_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/magefile/mage/parse"

	"github.com/ibutsu/ibutsu-schema/internal/cmdline"
)

var update = flag.Bool("update", false, "write docs/commands.md")

// docs/commands.md has the commands' help.
func TestDocument(t *testing.T) {
	const dir, document = "../../magefiles", "../../docs/commands.md"
	targets, err := cmdline.Targets(os.DirFS(dir))
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
	help := map[string]string{}
	for _, f := range info.Funcs {
		_, text, _ := strings.Cut(f.Comment, " ") // the comment begins with the function's name
		help[strings.ToLower(f.TargetName())] = text
	}
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;").Replace

	var b strings.Builder
	b.WriteString("<!-- go test ./internal/cmdline -run TestDocument -update writes this page from the commands' help. -->\n\n" +
		"# Commands\n\n" +
		"Each call runs one command. Options are written `-name=value`, those whose value is a bool also `-name`. `COMMAND -h` prints the same as this page. The\n" +
		"[reference](reference.md) says more.\n\n| Command | |\n| --- | --- |\n")
	for _, target := range targets {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", target.Name, strings.ReplaceAll(target.Name, ":", ""), cell(target.Synopsis))
	}
	for _, target := range targets {
		fmt.Fprintf(&b, "\n## %s\n\n`%[1]s` %s\n", target.Name, strings.ReplaceAll(help[target.Name], "  ", "\n\n"))
		if len(target.Flags) > 0 {
			b.WriteString("\n| Option | Value | |\n| --- | --- | --- |\n")
		}
		for _, f := range target.Flags {
			fmt.Fprintf(&b, "| `-%s` | %s | %s |\n", f.Name, strings.TrimPrefix(strings.ToLower(f.Type), "time."), cell(f.Help))
		}
	}
	b.WriteString("\n## In other tools\n\nThe commands of Alembic, Atlas, Django, dbmate, Flyway, goose and golang-migrate have these names here. A command line that begins with one\nfails, and says the same.\n\n| There | Here |\n| --- | --- |\n")
	for _, name := range slices.Sorted(maps.Keys(cmdline.Elsewhere)) {
		fmt.Fprintf(&b, "| `%s` | `%s` |\n", name, cmdline.Elsewhere[name])
	}

	if *update {
		if err := os.WriteFile(document, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), b.String()); diff != "" {
		t.Errorf("docs/commands.md (-have +want); -update writes it:\n%s", diff)
	}
}
