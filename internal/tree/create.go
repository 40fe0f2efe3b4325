package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Create opens a file that the user named, for writing, with os.OpenFile's flags. The file may be anywhere, but a link
// inside the git checkout around the project (or inside the project's folder, if it isn't in a checkout) may come from
// a commit. Create doesn't follow such links: it returns an *Error.
func Create(project, name string, flags int) (*os.File, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	if err := checkLinks(checkout(project), abs, name); err != nil {
		return nil, err
	}
	return os.OpenFile(abs, os.O_WRONLY|os.O_CREATE|flags, 0o644)
}

// Write writes a file that the user named, like [Create] with os.O_TRUNC, but all of it or nothing if it is a regular
// file or a new one.
func Write(ctx context.Context, project, name, text string) error {
	abs, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	if info, err := os.Lstat(abs); err == nil && !info.Mode().IsRegular() {
		f, err := Create(project, name, os.O_TRUNC)
		if err != nil {
			return err
		}
		_, err = f.WriteString(text)
		return errors.Join(err, f.Close())
	}
	if err := checkLinks(checkout(project), abs, name); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(abs)); err != nil { // which Locked would create
		return err
	}
	return Locked(ctx, filepath.Dir(abs), func(folder *Tree) error {
		return Replace(folder.Root(), []NewFile{{filepath.Base(abs), text}}, nil)
	})
}

// Writable returns an error if the file that the user named can't be written: its folder is missing, or it is a folder
// itself. It tries nothing else.
func Writable(name string) error {
	abs, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	dir := filepath.Dir(abs)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s", dir)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s isn't a folder", dir)
	}
	if info, err := os.Stat(abs); err == nil && info.IsDir() {
		return errors.New("it is a folder: name a file in it")
	}
	return nil
}

// checkout describes the folder whose entries may come from a commit, or returns nil if there is none.
func checkout(project string) fs.FileInfo {
	real, err := filepath.EvalSymlinks(project)
	if err != nil {
		return nil
	}
	top := real
	for dir := real; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			top = dir
			break
		}
		if filepath.Dir(dir) == dir {
			break
		}
	}
	info, err := os.Lstat(top)
	if err != nil {
		return nil
	}
	return info
}

// checkLinks follows abs and returns an error if it leads through a link inside the folder top.
func checkLinks(top fs.FileInfo, abs, name string) error {
	const links = 40 // as many as Linux follows
	for range links {
		link, inside := firstLink(top, abs)
		switch {
		case link == "":
			return nil
		case inside:
			return &Error{name, fmt.Sprintf("%s is a symbolic link inside the checkout, which is never written through: remove it, or name another file", link)}
		}
		real, err := filepath.EvalSymlinks(link)
		if err != nil {
			return nil // The target is missing or, like that of /dev/stdout, has no path: opening it reports an error if there is one.
		}
		abs = real + strings.TrimPrefix(abs, link)
	}
	return nil
}

// firstLink returns the first part of a path that is a link, and whether it is inside the folder top.
func firstLink(top fs.FileInfo, abs string) (link string, inside bool) {
	root := filepath.VolumeName(abs) + string(filepath.Separator)
	at := root
	for part := range strings.SplitSeq(strings.TrimPrefix(abs, root), string(filepath.Separator)) {
		if info, err := os.Lstat(at); err == nil && top != nil && os.SameFile(info, top) {
			inside = true
		}
		at = filepath.Join(at, part)
		if info, err := os.Lstat(at); err != nil {
			return "", false
		} else if info.Mode()&fs.ModeSymlink != 0 {
			return at, inside
		}
	}
	return "", false
}
