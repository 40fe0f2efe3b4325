// Package site writes the documentation of a schema: an index, a page for each table, and diagrams. It reads the
// migrations and their effects, and needs no server.
package site

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/site/diagram"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// DefaultDir is the folder of the pages, in the project's folder.
const DefaultDir = "docs/schema"

// Config says what to document, and where. Paths are relative to the project's folder, with slashes.
type Config struct {
	Dir        *migration.Dir
	Out        string // the folder of the pages
	Migrations string // the folder of the migrations
	SchemaFile string
}

// mark begins each file, so that docs knows its own files.
const mark = "<!-- Written by docs. Change the schema instead of this file. -->\n"

// A site is what is written: texts, and drawings by their names.
type site struct {
	pages    map[string]string
	drawings map[string]drawing
}

type drawing struct {
	title string
	model diagram.Model
}

// names returns the names of all files, sorted.
func (s *site) names() []string {
	var names []string
	for name := range s.pages {
		names = append(names, name)
	}
	for name := range s.drawings {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A Result is what Write changed, as paths relative to the project's folder, sorted.
type Result struct {
	Out              string
	Files            int // how many there are now
	Written, Removed []string
}

// Write writes the pages into the project in the folder root, and removes those of tables that are gone: all or none.
// Files that docs hasn't written are neither overwritten nor removed.
func Write(ctx context.Context, root string, cfg Config) (*Result, error) {
	if err := checkOut(&cfg); err != nil {
		return nil, err
	}
	s, err := build(cfg)
	if err != nil {
		return nil, err
	}
	drawn, err := s.draw(ctx, root, cfg.Out)
	if err != nil {
		return nil, fmt.Errorf("writing the schema's pages: %w", err)
	}
	r := &Result{Out: cfg.Out, Files: len(s.names())}
	err = tree.Locked(ctx, root, func(folder *tree.Tree) error {
		have, err := ours(folder, cfg.Out)
		if err != nil {
			return err
		}
		var files []tree.NewFile
		for _, name := range s.names() {
			at := path.Join(cfg.Out, name)
			now, exists := have[name]
			text := cmp.Or(s.pages[name], drawn[name])
			if text == "" || text == now { // a drawing without text is current
				continue
			}
			if _, err := folder.Stat(at); !exists && err == nil {
				return fmt.Errorf("%s isn't a file that docs has written: move it, or name another folder with -out=DIR", at)
			} else if !exists && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			files = append(files, tree.NewFile{Name: filepath.FromSlash(at), Text: text})
			r.Written = append(r.Written, at)
		}
		var remove []string
		for name := range have {
			if at := path.Join(cfg.Out, name); !s.has(name) {
				r.Removed = append(r.Removed, at)
			}
		}
		slices.Sort(r.Removed)
		for _, at := range r.Removed {
			remove = append(remove, filepath.FromSlash(at))
		}
		return tree.Replace(folder.Root(), files, remove)
	})
	if err != nil {
		return nil, fmt.Errorf("writing the schema's pages: %w", err)
	}
	return r, nil
}

// draw makes the drawings that aren't current.
func (s *site) draw(ctx context.Context, root, out string) (map[string]string, error) {
	project, err := tree.Open(ctx, root)
	if err != nil {
		return nil, err
	}
	defer project.Close()
	have, err := ours(project, out)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	drawn := map[string]string{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for name, d := range s.drawings {
		if current(d.model, have[name]) {
			continue
		}
		g.Go(func() error {
			svg, err := d.model.SVG(ctx, d.title, false)
			mu.Lock()
			defer mu.Unlock()
			drawn[name] = mark + string(svg)
			return err
		})
	}
	return drawn, g.Wait()
}

func (s *site) has(name string) bool {
	_, page := s.pages[name]
	_, drawn := s.drawings[name]
	return page || drawn
}

// checkOut cleans the folder's path, and refuses one outside of the project.
func checkOut(cfg *Config) error {
	out := path.Clean(filepath.ToSlash(cfg.Out))
	switch {
	case !filepath.IsLocal(filepath.FromSlash(out)) || out == ".":
		return usage.Errorf("-out=%s isn't a folder inside the project: docs writes nowhere else", cfg.Out)
	case out == cfg.Migrations || strings.HasPrefix(out, cfg.Migrations+"/"):
		return usage.Errorf("-out=%s is in the migrations folder: name another one", cfg.Out)
	}
	cfg.Out = out
	return nil
}

// ours returns the files in a folder that docs has written, by name. Files that aren't read, such as huge ones, aren't
// among them.
func ours(folder fs.FS, out string) (map[string]string, error) {
	entries, err := fs.ReadDir(folder, out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext != ".md" && ext != ".svg" || !e.Type().IsRegular() {
			continue
		}
		text, err := fs.ReadFile(folder, path.Join(out, e.Name()))
		var refused *tree.Error
		if errors.As(err, &refused) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(normalized(string(text)), mark) {
			files[e.Name()] = normalized(string(text))
		}
	}
	return files, nil
}

// normalized returns text with the line ends that docs writes: git may have changed them.
func normalized(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// current reports whether a drawing, "" if there is none, shows a model: whether it has its texts. Where they are
// depends on the layout.
func current(m diagram.Model, svg string) bool {
	have, err := diagram.TextsOf([]byte(svg))
	return svg != "" && err == nil && slices.Equal(have, m.Texts())
}

// A StalePage is a file that docs would write or remove.
type StalePage struct {
	File string // relative to the project's folder
	Why  string // with what to do
}

// Stale returns the files that docs would write or remove, those to remove last; none if the project has no such pages.
// It also returns none if the effects of the migrations can't be added up, which check reports.
func Stale(project fs.FS, cfg Config) ([]StalePage, error) {
	have, err := ours(project, cfg.Out)
	var refused *tree.Error
	if errors.As(err, &refused) { // a file, or a link: docs hasn't made it
		return nil, nil
	}
	if err != nil || len(have) == 0 {
		return nil, err
	}
	s, err := build(cfg)
	if err != nil {
		return nil, nil
	}
	var list []StalePage
	for _, name := range s.names() {
		now, exists := have[name]
		at := path.Join(cfg.Out, name)
		switch {
		case !exists:
			why := "it is missing: run docs"
			if _, err := fs.Stat(project, at); !errors.Is(err, fs.ErrNotExist) {
				why = "it isn't a file that docs has written: move it, and run docs"
			}
			list = append(list, StalePage{at, why})
		case s.pages[name] != "" && s.pages[name] != now, s.pages[name] == "" && !current(s.drawings[name].model, now):
			list = append(list, StalePage{at, "it doesn't show what the migrations produce: run docs"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !s.has(name) {
			list = append(list, StalePage{path.Join(cfg.Out, name), "it is about a table that is gone: run docs"})
		}
	}
	return list, nil
}
