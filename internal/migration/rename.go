package migration

import (
	"context"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// Renaming is a migrations folder in which some migrations are renamed. Nothing is written before Write.
type Renaming struct {
	Dir *Dir // as it will be, with matching checksums

	read, next *folder
}

// Rename reads the folder fsys with some migrations renamed: moves maps old to new names. Down and effect files and
// queries are renamed too. The old checksums don't matter, and two migrations may have had the same version. The error
// is that of [Read], with the new names.
func Rename(fsys fs.FS, moves map[string]string) (*Renaming, error) {
	read, err := load(fsys)
	if err != nil {
		return nil, err
	}
	next := &folder{up: renamed(read.up, moves), down: renamed(read.down, moves), done: renamed(read.done, moves), effects: make(map[string]string, len(read.effects))}
	for name, text := range read.effects {
		if to, ok := moves[strings.TrimSuffix(name, ".txt")+".sql"]; ok {
			name = effectName(to)
		}
		next.effects[name] = text
	}
	r := &Renaming{read: read, next: next}
	return r, r.parse()
}

// Rewrite replaces the texts of migrations, by their new names.
func (r *Renaming) Rewrite(texts map[string]string) error {
	for i, src := range r.next.up {
		if text, ok := texts[src.name]; ok {
			r.next.up[i].text = text
		}
	}
	return r.parse()
}

// parse parses the folder as it will be.
func (r *Renaming) parse() error {
	dir, err := parse(r.next)
	if err != nil {
		return err
	}
	r.next.sum, r.next.downSum = nil, nil
	sums, err := dir.sums()
	if err != nil {
		return err
	}
	for _, s := range sums {
		if s.Name == SumFile {
			r.next.sum = &s.Text
		} else {
			r.next.downSum = &s.Text
		}
	}
	r.Dir = dir
	return nil
}

// Write makes the folder root equal to Dir, with the given effects by their migrations' new names. It writes everything
// or nothing. The folder must not have changed since it was read (ErrChanged).
func (r *Renaming) Write(ctx context.Context, root string, effects map[string]string) error {
	for name, text := range effects {
		r.next.effects[effectName(name)] = text
	}
	return tree.Locked(ctx, root, func(folder *tree.Tree) error {
		now, err := load(folder)
		if err != nil {
			return err
		}
		if !now.equal(r.read) {
			return ErrChanged
		}
		before, after := r.read.paths(), r.next.paths()
		var files []tree.NewFile
		var remove []string
		for _, path := range slices.Sorted(maps.Keys(after)) {
			if text, ok := before[path]; !ok || text != after[path] {
				files = append(files, tree.NewFile{Name: path, Text: after[path]})
			}
		}
		for _, path := range slices.Sorted(maps.Keys(before)) {
			if _, ok := after[path]; !ok {
				remove = append(remove, path)
			}
		}
		sums, err := (&Dir{folder: now, sum: r.Dir.sum, down: r.Dir.down}).sums()
		if err != nil {
			return err
		}
		return tree.Replace(folder.Root(), append(files, sums...), remove)
	})
}

// paths returns the folder's texts by path, without the sum files.
func (f *folder) paths() map[string]string {
	paths := make(map[string]string)
	for _, src := range f.up {
		paths[src.name] = src.text
	}
	for _, src := range f.down {
		paths[filepath.Join(DownDir, src.name)] = src.text
	}
	for _, src := range f.done {
		paths[filepath.Join(DoneDir, src.name)] = src.text
	}
	for name, text := range f.effects {
		paths[filepath.Join(EffectDir, name)] = text
	}
	return paths
}

// renamed returns sources with their new names, sorted by name.
func renamed(files []source, moves map[string]string) []source {
	out := slices.Clone(files)
	for i, src := range out {
		if to, ok := moves[src.name]; ok {
			out[i].name = to
		}
	}
	slices.SortStableFunc(out, func(a, b source) int { return strings.Compare(a.name, b.name) })
	return out
}
