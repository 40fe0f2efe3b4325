package migration

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// A folder holds the unparsed files of the migrations folder.
type folder struct {
	up, down []source
	done     []source          // queries
	effects  map[string]string // by the effect file's name
	sum      *string           // nil if there is no atlas.sum
	downSum  *string
}

type source struct {
	name string
	text string
}

// load reads the folder. As for Atlas, every *.sql file is a migration. Entries that can't be read because of their
// kind or name are returned as Errors, all at once.
func load(fsys fs.FS) (*folder, error) {
	f, err := loadWithoutEffects(fsys)
	effects, err2 := loadEffects(fsys)
	if err = joined(err, err2); err != nil {
		return nil, err
	}
	f.effects = effects
	return f, nil
}

func loadWithoutEffects(fsys fs.FS) (*folder, error) {
	f := &folder{}
	var errs [5]error
	f.up, errs[0] = loadDir(fsys, ".", ".sql")
	f.down, errs[1] = loadDir(fsys, DownDir, ".sql")
	f.done, errs[4] = loadDir(fsys, DoneDir, ".sql")
	f.sum, errs[2] = loadSum(fsys, SumFile)
	f.downSum, errs[3] = loadSum(fsys, path.Join(DownDir, SumFile))
	if err := joined(errs[:]...); err != nil {
		return nil, err
	}
	return f, nil
}

// joined returns the first error that isn't an Errors, or otherwise all FileErrors, without duplicates.
func joined(errs ...error) error {
	var all Errors
	seen := make(map[FileError]bool)
	for _, err := range errs {
		var entries Errors
		switch {
		case err == nil:
		case errors.As(err, &entries):
			for _, e := range entries {
				if !seen[*e] {
					seen[*e] = true
					all = append(all, e)
				}
			}
		default:
			return err
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// entryError returns err with context, or Errors if it is about an entry.
func entryError(err error, context string) error {
	var refused *tree.Error
	if errors.As(err, &refused) {
		return Errors{{File: refused.Path, Msg: refused.Msg}}
	}
	return fmt.Errorf("%s: %w", context, err)
}

// loadDir returns the files of dir whose names end with suffix, sorted by name in byte order, as Atlas does.
func loadDir(fsys fs.FS, dir, suffix string) ([]source, error) {
	const context = "reading the migrations folder"
	entries, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, entryError(err, context)
	}
	var files []source
	var named []fs.DirEntry // of the same indexes
	var errs []error
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext != suffix {
			if strings.EqualFold(ext, suffix) {
				errs = append(errs, Errors{{File: path.Join(dir, e.Name()), Msg: fmt.Sprintf("would be ignored because its name ends with %s: rename it to end with %s, or move it out of the folder", ext, suffix)}})
			}
			continue
		}
		files, named = append(files, source{name: e.Name()}), append(named, e)
	}
	// Opening files takes most of the time, so a few are opened at once.
	unread := make([]error, len(files))
	var g sync.WaitGroup
	const readers = 4
	for r := range readers {
		g.Go(func() {
			for i := r; i < len(files); i += readers {
				text, err := fs.ReadFile(fsys, path.Join(dir, files[i].name))
				switch {
				case err != nil && named[i].IsDir():
					unread[i] = Errors{{File: path.Join(dir, files[i].name), Msg: fmt.Sprintf("is a folder, but its name ends with %s: rename it", suffix)}}
				case err != nil:
					unread[i] = entryError(err, context)
				}
				files[i].text = string(text)
			}
		})
	}
	g.Wait()
	if err := joined(append(errs, unread...)...); err != nil {
		return nil, err
	}
	return files, nil
}

// loadEffects returns the effect files' texts by name.
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
		return nil, entryError(err, "reading "+name)
	}
	text := string(b)
	return &text, nil
}

// effectName returns the name of a migration's effect file.
func effectName(migration string) string {
	return strings.TrimSuffix(migration, ".sql") + ".txt"
}
