package project

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table in docs/reference.md")

// docs/reference.md lists the blocks of atlas.hcl.
func TestReference(t *testing.T) {
	const document, begin, end = "../../docs/reference.md", "<!-- blocks of atlas.hcl -->\n\n", "\n<!-- end -->"
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no table of blocks", document)
	}
	var b strings.Builder
	b.WriteString("| Block | In | What it may contain |\n| --- | --- | --- |\n")
	type named struct {
		name string
		spec *spec
		in   []string
	}
	var blocks []*named
	var visit func(s *spec, path string)
	visit = func(s *spec, path string) {
		for _, name := range slices.Sorted(maps.Keys(s.blocks)) {
			sub := s.blocks[name]
			if s.refused[name] != "" {
				continue
			}
			i := slices.IndexFunc(blocks, func(n *named) bool { return n.name == name && n.spec == sub })
			if i < 0 {
				i = len(blocks)
				blocks = append(blocks, &named{name: name, spec: sub})
			}
			blocks[i].in = append(blocks[i].in, path)
			if len(blocks[i].in) == 1 {
				visit(sub, name)
			}
		}
	}
	visit(fileSpec, "the file")
	for _, n := range blocks {
		var parts []string
		for _, a := range slices.Sorted(slices.Values(n.spec.attrs)) {
			if n.spec.refused[a] == "" {
				parts = append(parts, "`"+a+"`")
			}
		}
		switch list := slices.DeleteFunc(slices.Sorted(maps.Keys(n.spec.blocks)), func(name string) bool { return n.spec.refused[name] != "" }); {
		case n.spec.open:
			parts = append(parts, "anything")
		case len(list) > 0:
			parts = append(parts, "blocks")
		}
		slices.Sort(n.in)
		label := strings.Repeat(` "..."`, n.spec.labels)
		fmt.Fprintf(&b, "| `%s%s` | %s | %s |\n", n.name, label, strings.Join(slices.Compact(n.in), ", "), strings.Join(parts, ", "))
	}
	b.WriteString("\nThese are names of the Atlas CLI, and refused in the env that a command uses:\n\n| Name | Instead |\n| --- | --- |\n")
	for _, s := range []struct {
		path string
		spec *spec
	}{{"", envSpec}, {"migration.", envSpec.blocks["migration"]}} {
		for _, name := range slices.Sorted(maps.Keys(s.spec.refused)) {
			fmt.Fprintf(&b, "| `%s%s` | %s |\n", s.path, name, s.spec.refused[name])
		}
	}
	if *update {
		if err := os.WriteFile(document, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(have, b.String()); diff != "" {
		t.Errorf("%s (-have +want); -update writes it:\n%s", document, diff)
	}
}

// docs/reference.md explains each setting that isn't Atlas's.
func TestSettings(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n### Settings\n")
	table, _, _ = strings.Cut(table, "\n### ")
	atlas := []string{"name", "url", "dev", "src", "exclude", "schemas", "include", "for_each"}
	for block, s := range map[string]*spec{"": envSpec, "batch": batchSpec, "diff": diffSpec} {
		for _, name := range s.attrs {
			want := "`" + name + "`"
			if block != "" {
				want = "`" + block + " { " + name + " }`"
			}
			if !slices.Contains(atlas, name) && !strings.Contains(table, "\n| "+want) && !strings.Contains(table, ", "+want+" |") {
				t.Errorf("the reference doesn't explain %s", want)
			}
		}
	}
}
