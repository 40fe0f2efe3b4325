package project

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// settings are those that decide what lint reports, by name: `lint.destructive.skip`, `exclude "tmp_*"`.
type settings map[string]value

// A value is what a setting is set to; at is its zero value for a default.
type value struct {
	text string
	at   hcl.Range
}

// note adds a setting, unless it is already set.
func (s *scope) note(name, text string, at hcl.Range) {
	if _, ok := s.settings[name]; !ok {
		s.settings[name] = value{text, at}
	}
}

// noteAttribute adds a setting that the attribute sets, or a default if a is nil.
func (s *scope) noteAttribute(name, text string, a *hclsyntax.Attribute) {
	if a == nil {
		s.note(name, text, hcl.Range{})
		return
	}
	s.note(name, text, a.NameRange)
}

// noteList adds a setting for each element of a list that the attribute sets.
func (s *scope) noteList(name string, list []string, a *hclsyntax.Attribute) {
	for _, element := range list {
		s.note(fmt.Sprintf("%s %q", name, element), "", a.NameRange)
	}
}

// A Change is a setting that differs between two versions of atlas.hcl.
type Change struct {
	Name      string // "lint.destructive.skip"
	Text      string // "lint.destructive.skip = true was added"
	Line, Col int    // in the newer version; 0 for a setting that was removed
}

// At returns the settings that another version of the project's files has for the same flags. read returns the contents
// of a file, by its path relative to Env.Root; without an atlas.hcl the error is ErrNoProject. FS and MigrationsDir are
// those of e.
func (e *Env) At(read func(name string) ([]byte, error)) (*Env, error) {
	at := &Env{Root: e.Root, FS: e.FS, Above: e.Above, OnEmbedded: e.OnEmbedded, MigrationsDir: e.MigrationsDir, opts: e.opts}
	if err := at.read(read); err != nil {
		return nil, err
	}
	return at, nil
}

// Changes returns the settings that decide what lint reports and differ from those of an earlier version, in the order
// of their positions.
func (e *Env) Changes(from *Env) []Change {
	was := from.settings
	var list []Change
	for _, name := range slices.Sorted(maps.Keys(e.settings)) {
		now := e.settings[name]
		before, ok := was[name]
		if ok && before.text == now.text {
			continue
		}
		c := Change{Name: name, Line: now.at.Start.Line, Col: now.at.Start.Column}
		switch {
		case !ok:
			c.Text = assignment(name, now.text) + " was added"
		case showable(name):
			c.Text = fmt.Sprintf("%s was changed from %s to %s", name, before.text, now.text)
		default:
			c.Text = name + " was changed"
		}
		list = append(list, c)
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if _, ok := e.settings[name]; !ok {
			list = append(list, Change{Name: name, Text: assignment(name, was[name].text) + " was removed"})
		}
	}
	slices.SortStableFunc(list, func(a, b Change) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col)) })
	return list
}

// assignment returns a setting as atlas.hcl sets it.
func assignment(name, text string) string {
	if text == "" || !showable(name) {
		return name
	}
	return name + " = " + text
}

// showable reports whether a setting's value can't come from the environment.
func showable(name string) bool { return !slices.Contains(withEnv, name) }

// DirSetting is the name of the setting for the migrations folder.
const DirSetting = "migration.dir"

// From returns the path of other's migrations folder relative to that of e, slash-separated: "." for the same one.
func (e *Env) From(other *Env) (string, error) {
	rel, err := filepath.Rel(filepath.FromSlash(e.Migrations), filepath.FromSlash(other.Migrations))
	if err != nil {
		return "", fmt.Errorf("finding %s from %s: %w", other.Migrations, e.Migrations, err)
	}
	return filepath.ToSlash(rel), nil
}

// LintAs returns e with the settings of another version that decide what lint reports. The migrations folder stays that
// of e, and so does a schema file that doesn't exist any more.
func (e *Env) LintAs(other *Env) (*Env, error) {
	as := *e
	as.Gate, as.Dev, as.Exclude = other.Gate, other.Dev, other.Exclude
	as.AlembicSchema, as.JournalSchema = other.AlembicSchema, other.JournalSchema
	switch _, err := fs.Stat(e.FS, other.Schema); {
	case err == nil:
		as.Schema = other.Schema
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return &as, nil
}
