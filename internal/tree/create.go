package tree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Create opens a file for writing that the user named, by os.OpenFile's flags. It may lie anywhere. But in the git checkout around
// the project, or where there is none in the project's folder, it is reached through no link, which a commit may have put there:
// then the error is an *Error.
func Create(project, name string, flags int) (*os.File, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	if err := checkWay(checkout(project), abs, name); err != nil {
		return nil, err
	}
	return os.OpenFile(abs, os.O_WRONLY|os.O_CREATE|flags, 0o644)
}

// checkout describes the folder whose entries may come from a commit; nil if there is none.
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

// checkWay follows abs, and returns an error if a link inside the folder top is on its way.
func checkWay(top fs.FileInfo, abs, name string) error {
	const links = 40 // as many as Linux follows
	for range links {
		link, inside := firstLink(top, abs)
		switch {
		case link == "":
			return nil
		case inside:
			return &Error{name, fmt.Sprintf("%s is a symbolic link, through which nothing is written in a checkout: remove it, or name another file", link)}
		}
		real, err := filepath.EvalSymlinks(link)
		if err != nil {
			return nil // it leads nowhere, or to what has no path, as /dev/stdout may: opening it will tell
		}
		abs = real + strings.TrimPrefix(abs, link)
	}
	return nil
}

// firstLink is the first part of a path that is a link, and whether it lies in the folder top.
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
