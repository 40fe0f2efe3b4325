// Package cmdline reads the command line before mage does. It understands what people are used to type, such as -h
// after the target and --dry-run, and says which word is wrong and what was probably meant.
package cmdline

import (
	"bufio"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Target is a command.
type Target struct {
	Name     string // as it is typed: plan, dev:up
	Synopsis string // the first sentence of its help, without the name: "writes the migration ..."
	Flags    []Flag
}

// A Flag is an option of a target.
type Flag struct {
	Name string
	Type string // of its value: string, int, bool or time.Duration
	Help string
}

// Targets returns the targets that magefiles declare, in alphabetical order. It relies on gofmt's layout, with each
// flag on a line of its own and its help in a comment: parsing Go would take longer than many commands do.
func Targets(fsys fs.FS) ([]Target, error) {
	names, err := fs.Glob(fsys, "*.go")
	if err != nil {
		return nil, err
	}
	var targets []Target
	for _, name := range names {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading the targets: %w", err)
		}
		found, err := scan(bufio.NewScanner(f))
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("reading the targets: %s: %w", path.Base(name), err)
		}
		targets = append(targets, found...)
	}
	slices.SortFunc(targets, func(a, b Target) int { return strings.Compare(a.Name, b.Name) })
	return targets, nil
}

func scan(lines *bufio.Scanner) ([]Target, error) {
	var targets []Target
	var comment []string
	var in *Target // whose parameters are being read
	for lines.Scan() {
		line := lines.Text()
		if in != nil {
			in.flag(strings.TrimSpace(line))
			if !strings.HasPrefix(line, "\t") {
				targets, in = append(targets, *in), nil
			}
			continue
		}
		if text, ok := strings.CutPrefix(line, "//"); ok {
			comment = append(comment, strings.TrimSpace(text))
			continue
		}
		if name, params, ok := exported(line); ok {
			in = &Target{Name: target(name), Synopsis: synopsis(comment)}
			if params, _, ok := strings.Cut(params, ")"); ok { // all on this line
				for p := range strings.SplitSeq(params, ", ") {
					in.flag(p)
				}
				targets, in = append(targets, *in), nil
			}
		}
		comment = nil
	}
	return targets, lines.Err()
}

// exported returns the name of the exported function that a line begins, as in "Plan" or "Dev.Up", and the rest of the
// line. Methods are targets if their receiver has no name.
func exported(line string) (name, params string, ok bool) {
	rest, ok := strings.CutPrefix(line, "func ")
	if !ok {
		return "", "", false
	}
	if receiver, ok := strings.CutPrefix(rest, "("); ok {
		receiver, rest, ok = strings.Cut(receiver, ") ")
		if !ok || strings.Contains(receiver, " ") {
			return "", "", false
		}
		name = receiver + "."
	}
	method, params, ok := strings.Cut(rest, "(")
	name += method
	for part := range strings.SplitSeq(name, ".") {
		if !ok || part == "" || part[0] < 'A' || part[0] > 'Z' {
			return "", "", false
		}
	}
	return name, params, true
}

// target returns the name of a function as mage's users type it.
func target(function string) string {
	parts := strings.Split(function, ".")
	for i, p := range parts {
		parts[i] = strings.ToLower(p[:1]) + p[1:]
	}
	return strings.Join(parts, ":")
}

// synopsis returns the first sentence of a comment without its first word.
func synopsis(comment []string) string {
	text := strings.Join(comment, " ")
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i+1]
	}
	_, text, _ = strings.Cut(text, " ")
	return strings.TrimSpace(text)
}

// flag adds the flag that a parameter declares, if it does: "name *string, // help".
func (t *Target) flag(param string) {
	decl, help, _ := strings.Cut(param, "// ")
	name, typ, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(decl), ","), " *")
	if ok {
		t.Flags = append(t.Flags, Flag{Name: name, Type: typ, Help: help})
	}
}

func (t *Target) find(name string) *Flag {
	if i := slices.IndexFunc(t.Flags, func(f Flag) bool { return f.Name == name }); i >= 0 {
		return &t.Flags[i]
	}
	return nil
}

func find(targets []Target, name string) *Target {
	if i := slices.IndexFunc(targets, func(t Target) bool { return strings.EqualFold(t.Name, name) }); i >= 0 {
		return &targets[i]
	}
	return nil
}
