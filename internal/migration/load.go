package migration

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"
)

// A folder is what lies in the migrations folder, by name and unparsed.
type folder struct {
	up, down []source
	effects  map[string]string // by the effect file's name
	sum      *string           // nil if there is no atlas.sum
	downSum  *string
}

type source struct {
	name string
	text string
}

// load reads the folder. Only what Atlas would read as a migration is one: *.sql, whatever else its name is.
func load(fsys fs.FS) (*folder, error) {
	f, err := loadWithoutEffects(fsys)
	if err != nil {
		return nil, err
	}
	f.effects, err = loadEffects(fsys)
	return f, err
}

func loadWithoutEffects(fsys fs.FS) (*folder, error) {
	f := &folder{}
	var err error
	if f.up, err = loadDir(fsys, ".", ".sql"); err != nil {
		return nil, err
	}
	if f.down, err = loadDir(fsys, DownDir, ".sql"); err != nil {
		return nil, err
	}
	if f.sum, err = loadSum(fsys, SumFile); err != nil {
		return nil, err
	}
	if f.downSum, err = loadSum(fsys, path.Join(DownDir, SumFile)); err != nil {
		return nil, err
	}
	return f, nil
}

// loadDir returns the files of dir whose names end with suffix, sorted by name as Atlas sorts them: by bytes.
func loadDir(fsys fs.FS, dir, suffix string) ([]source, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the migrations folder: %w", err)
	}
	var files []source
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		if e.IsDir() {
			return nil, Errors{{File: path.Join(dir, e.Name()), Msg: fmt.Sprintf("is a folder, though its name ends with %s: rename it", suffix)}}
		}
		files = append(files, source{name: e.Name()})
	}
	// Opening a file takes longer than all the rest that is done with it, so a few are opened at once.
	var g errgroup.Group
	const readers = 4
	for r := range readers {
		g.Go(func() error {
			for i := r; i < len(files); i += readers {
				text, err := fs.ReadFile(fsys, path.Join(dir, files[i].name))
				if err != nil {
					return err
				}
				files[i].text = string(text)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("reading the migrations folder: %w", err)
	}
	return files, nil
}

// loadEffects returns the effect files' texts by their names.
func loadEffects(fsys fs.FS) (map[string]string, error) {
	files, err := loadDir(fsys, EffectDir, ".txt")
	if err != nil {
		return nil, err
	}
	effects := make(map[string]string, len(files))
	for _, f := range files {
		effects[f.name] = f.text
	}
	return effects, nil
}

func loadSum(fsys fs.FS, name string) (*string, error) {
	b, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	text := string(b)
	return &text, nil
}

// effectName is the effect file's name for a migration's.
func effectName(migration string) string {
	return strings.TrimSuffix(migration, ".sql") + ".txt"
}
