package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A NewFile is a file to write: its path in the folder and its text.
type NewFile struct {
	Name string
	Text string
}

// stagePrefix begins the name of the folder in which files are written before they are moved into place. The next
// writer removes what a killed process left there.
const stagePrefix = ".staged-"

// Replace writes files and removes others, all or none. Everything that takes disk space is done before the first file
// is moved into place. Files are moved in their order, so that a crash in the middle leaves the first ones. Call it
// while the folder is locked (see [Locked]).
func Replace(root *os.Root, files []NewFile, remove []string) (err error) {
	if len(files) == 0 && len(remove) == 0 {
		return nil
	}
	if err := sweep(root); err != nil {
		return err
	}
	stage, err := mkdirStage(root)
	if err != nil {
		return fmt.Errorf("writing files: %w", err)
	}
	defer func() { err = errors.Join(err, root.RemoveAll(stage)) }()
	undo := undoList{root: root, stage: stage}
	defer func() {
		if err != nil {
			err = errors.Join(err, undo.run())
		}
	}()
	dirs := map[string]bool{".": true}
	for i, f := range files {
		dir := filepath.Dir(f.Name)
		if !dirs[dir] {
			dirs[dir] = true
			if err := undo.mkdir(dir); err != nil {
				return fmt.Errorf("writing files: %w", inFull(root, err))
			}
		}
		if err := writeSynced(root, stagedPath(stage, i), f.Text); err != nil {
			return fmt.Errorf("writing %s: %w", f.Name, err)
		}
		if err := undo.keep(f.Name); err != nil {
			return fmt.Errorf("writing %s: %w", f.Name, err)
		}
	}
	for _, name := range remove {
		if err := undo.keep(name); err != nil {
			return fmt.Errorf("removing %s: %w", name, err)
		}
	}
	for i, f := range files {
		if err := root.Rename(stagedPath(stage, i), f.Name); err != nil {
			return fmt.Errorf("writing %s: %w", f.Name, err)
		}
		undo.changed(f.Name)
	}
	// Last, so that a crash in the middle leaves two copies of a renamed file instead of none.
	for _, name := range remove {
		if err := root.Remove(name); err != nil {
			return fmt.Errorf("removing %s: %w", name, err)
		}
		undo.changed(name)
	}
	for dir := range dirs {
		syncDir(root, dir)
	}
	return nil
}

// inFull makes an error of root's methods name the whole path, as those of package os do.
func inFull(root *os.Root, err error) error {
	if failed, ok := err.(*fs.PathError); ok {
		return &fs.PathError{Op: strings.TrimSuffix(failed.Op, "at"), Path: filepath.Join(root.Name(), failed.Path), Err: failed.Err}
	}
	return err
}

func stagedPath(stage string, i int) string { return filepath.Join(stage, fmt.Sprintf("%d.new", i)) }

// mkdirStage creates a folder with a new name, and returns the name.
func mkdirStage(root *os.Root) (string, error) {
	for {
		name := stagePrefix + strconv.FormatUint(uint64(rand.Uint32()), 10)
		err := root.Mkdir(name, 0o700)
		var failed *fs.PathError
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case errors.As(err, &failed):
			return "", fmt.Errorf("no files can be created in %s: %w", root.Name(), failed.Err)
		}
		return name, err
	}
}

func writeSynced(root *os.Root, path, text string) error {
	f, err := root.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// sweep removes what killed processes left.
func sweep(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("writing files: %w", inFull(root, err))
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), stagePrefix) {
			if err := root.RemoveAll(e.Name()); err != nil {
				return fmt.Errorf("removing files of an interrupted run: %w", err)
			}
		}
	}
	return nil
}

// An undoList restores a folder.
type undoList struct {
	root    *os.Root
	stage   string
	created []string          // folders
	backups map[string]string // by name: where the old file was copied to; "" if there was none
	touched []string
}

// keep copies the file called name, if there is one, to where a rename can restore it from.
func (u *undoList) keep(name string) error {
	if u.backups == nil {
		u.backups = make(map[string]string)
	}
	text, err := u.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		u.backups[name] = ""
		return nil
	}
	if err != nil {
		return err
	}
	copied := filepath.Join(u.stage, fmt.Sprintf("%d.old", len(u.backups)))
	if err := writeSynced(u.root, copied, string(text)); err != nil {
		return err
	}
	u.backups[name] = copied
	return nil
}

// mkdir creates a folder, and those above it.
func (u *undoList) mkdir(dir string) error {
	err := u.root.Mkdir(dir, 0o755)
	if above := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && above != "." {
		if err := u.mkdir(above); err != nil {
			return err
		}
		err = u.root.Mkdir(dir, 0o755)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		u.created = append(u.created, dir)
	}
	return err
}

func (u *undoList) changed(name string) { u.touched = append(u.touched, name) }

func (u *undoList) run() error {
	var errs []error
	for _, name := range u.touched {
		if old := u.backups[name]; old != "" {
			errs = append(errs, u.root.Rename(old, name))
		} else {
			errs = append(errs, u.root.Remove(name))
		}
	}
	for _, dir := range slices.Backward(u.created) {
		errs = append(errs, u.root.Remove(dir))
	}
	return errors.Join(errs...)
}
