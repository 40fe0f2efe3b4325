package migration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// Draft is a migration that isn't written yet.
type Draft struct {
	Name   string // "20260101120000_add_flaky.sql", later than every file of the directory
	SQL    string // with its directives
	Down   string // with its directives; a down file is always written
	Effect string // effect/20260101120000_add_flaky.txt
}

// ErrChanged is returned by Write if the folder changed meanwhile.
var ErrChanged = errors.New("the migrations folder has changed since it was read: try again")

// Write adds the drafts to the folder root, from which d was read and which must not have changed since (ErrChanged).
// Drafts that Read would refuse are refused with its Errors. After an error, such as a full disk, the folder is
// unchanged. A crash in the middle leaves files that Verify reports, because the checksums are written last.
func (d *Dir) Write(ctx context.Context, root string, drafts []Draft) error {
	if len(drafts) == 0 {
		return nil
	}
	for _, draft := range drafts {
		if draft.Name != filepath.Base(draft.Name) || filepath.Ext(draft.Name) != ".sql" {
			return fmt.Errorf("writing migrations: %s isn't a migration's name", draft.Name)
		}
	}
	if err := d.Verify(); err != nil {
		return err
	}
	return tree.Locked(ctx, root, func(folder *tree.Tree) error {
		now, err := load(folder)
		if err != nil {
			return err
		}
		if !now.equal(d.folder) {
			return ErrChanged
		}
		next, err := parse(now.with(drafts))
		if err != nil {
			return err
		}
		if n := len(d.all); n > 0 && next.all[n-1].Name != d.all[n-1].Name {
			return fmt.Errorf("writing migrations: the new versions aren't later than %s", d.all[n-1].Name)
		}
		var files []tree.NewFile
		for _, draft := range drafts {
			files = append(files, tree.NewFile{Name: draft.Name, Text: draft.SQL})
		}
		for _, draft := range drafts {
			files = append(files,
				tree.NewFile{Name: filepath.Join(DownDir, draft.Name), Text: draft.Down},
				tree.NewFile{Name: filepath.Join(EffectDir, effectName(draft.Name)), Text: draft.Effect})
		}
		sums, err := next.sums()
		if err != nil {
			return err
		}
		return tree.Replace(folder.Root(), append(files, sums...), nil)
	})
}

// With returns the directory with the drafts, which need no effects. Drafts that Read would refuse are refused with
// its Errors.
func (d *Dir) With(drafts []Draft) (*Dir, error) { return parse(d.folder.with(drafts)) }

// Rehash recomputes both atlas.sum files in the folder root, whether or not its files can be parsed. It writes the
// given effects, by migration file name, and removes effect files without a migration.
func Rehash(ctx context.Context, root string, effects map[string]string) error {
	return tree.Locked(ctx, root, func(folder *tree.Tree) error {
		now, err := load(folder)
		if err != nil {
			return err
		}
		d := &Dir{folder: now}
		if d.sum, err = hashes(now.up); err != nil {
			return err
		}
		if d.down, err = hashes(now.down); err != nil {
			return err
		}
		var files []tree.NewFile
		known := make(map[string]bool, len(now.up))
		for _, src := range now.up {
			known[effectName(src.name)] = true
		}
		for _, name := range slices.Sorted(maps.Keys(effects)) {
			effect := effectName(name)
			if !known[effect] {
				return fmt.Errorf("writing the effect of %s: there is no such migration", name)
			}
			if text, ok := now.effects[effect]; !ok || text != effects[name] {
				files = append(files, tree.NewFile{Name: filepath.Join(EffectDir, effect), Text: effects[name]})
			}
		}
		var orphans []string
		for name := range now.effects {
			if !known[name] {
				orphans = append(orphans, filepath.Join(EffectDir, name))
			}
		}
		slices.Sort(orphans)
		sums, err := d.sums()
		if err != nil {
			return err
		}
		return tree.Replace(folder.Root(), append(files, sums...), orphans)
	})
}

// sums returns the sum files that differ from those in the folder.
func (d *Dir) sums() ([]tree.NewFile, error) {
	var files []tree.NewFile
	up, err := d.sum.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("computing checksums: %w", err)
	}
	down, err := d.down.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("computing checksums: %w", err)
	}
	if have := d.folder.downSum; (have != nil || len(d.down) > 0) && (have == nil || *have != string(down)) {
		files = append(files, tree.NewFile{Name: filepath.Join(DownDir, SumFile), Text: string(down)})
	}
	if have := d.folder.sum; (have != nil || len(d.sum) > 0) && (have == nil || *have != string(up)) {
		files = append(files, tree.NewFile{Name: SumFile, Text: string(up)})
	}
	return files, nil
}

func (f *folder) equal(o *folder) bool {
	same := func(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
	return slices.Equal(f.up, o.up) && slices.Equal(f.down, o.down) && slices.Equal(f.done, o.done) && maps.Equal(f.effects, o.effects) &&
		same(f.sum, o.sum) && same(f.downSum, o.downSum)
}

// with returns the folder with the drafts added.
func (f *folder) with(drafts []Draft) *folder {
	next := &folder{up: slices.Clone(f.up), down: slices.Clone(f.down), done: f.done, effects: maps.Clone(f.effects), sum: f.sum, downSum: f.downSum}
	for _, draft := range drafts {
		next.up = append(next.up, source{draft.Name, draft.SQL})
		next.down = append(next.down, source{draft.Name, draft.Down})
		next.effects[effectName(draft.Name)] = draft.Effect
	}
	byName := func(a, b source) int {
		if a.name < b.name {
			return -1
		}
		if a.name > b.name {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(next.up, byName)
	slices.SortStableFunc(next.down, byName)
	return next
}
