// Package tree opens the files of a project's folder, for reading and for writing.
//
// The folder may contain a stranger's commits, symbolic links among them, on a machine that contains secrets. So the
// package reads only regular files of up to MaxSize bytes, and follows no link and no path into .git. It doesn't know
// what the files mean.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// MaxSize is the size in bytes of the largest file that a Tree reads.
const MaxSize = 64 << 20

// A Tree is a folder as an fs.FS. It refuses entries that it doesn't read with an *Error.
type Tree struct {
	ctx    context.Context
	prefix string // the folder's path relative to the one that was opened
	dirs   *dirs
}

var (
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.ReadFileFS = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
	_ fs.SubFS      = (*Tree)(nil)
)

// An Error explains why an entry of a tree is not read or written.
type Error struct {
	Path string // slash-separated, relative to the tree's folder
	Msg  string // "is a symbolic link: ..."
}

func (e *Error) Error() string { return e.Path + ": " + e.Msg }

// Open opens a folder. It follows links in the path to the folder but not those inside it. When ctx ends, all reads
// fail with its cause.
func Open(ctx context.Context, folder string) (*Tree, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	return &Tree{ctx: ctx, prefix: ".", dirs: &dirs{open: map[string]*dir{".": newDir(root)}}}, nil
}

// Root returns the folder that was opened, for writing. Close closes it.
func (t *Tree) Root() *os.Root { return t.dirs.open["."].root }

// Close closes the folder and the trees that Sub returned.
func (t *Tree) Close() error { return t.dirs.close() }

// Sub returns the tree of a folder in this one. The folder need not exist.
func (t *Tree) Sub(name string) (fs.FS, error) {
	full, err := t.full("sub", name)
	if err != nil {
		return nil, err
	}
	return &Tree{ctx: t.ctx, prefix: full, dirs: t.dirs}, nil
}

// Open opens a regular file or a folder.
func (t *Tree) Open(name string) (fs.File, error) {
	return await(t, "open", name, func(full string) (fs.File, error) {
		f, _, err := t.open(full)
		if err != nil {
			return nil, err
		}
		return f, nil
	})
}

// ReadFile returns a regular file's contents.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	return await(t, "open", name, func(full string) ([]byte, error) {
		f, info, err := t.open(full)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if info.IsDir() {
			return nil, &Error{full, "is a folder, not a file"}
		}
		return read(f, full, info.Size())
	})
}

// ReadDir returns a folder's entries sorted by name, including those that the tree refuses to read.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	return await(t, "open", name, func(full string) ([]fs.DirEntry, error) {
		f, info, err := t.open(full)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if !info.IsDir() {
			return nil, notFolder(full)
		}
		d, err := t.dirs.get(full)
		if err != nil {
			return nil, err
		}
		names, err := f.Readdirnames(-1)
		slices.Sort(names)
		entries := make([]fs.DirEntry, len(names))
		for i, name := range names {
			entries[i] = entry{d, name}
		}
		return entries, err
	})
}

// An entry calls lstat only when needed: os.File.ReadDir would do it for every entry, and opening one does it again.
type entry struct {
	in   *dir
	name string
}

func (e entry) Name() string               { return e.name }
func (e entry) Info() (fs.FileInfo, error) { return e.in.root.Lstat(e.name) }
func (e entry) IsDir() bool                { return e.Type().IsDir() }

// Type returns [fs.ModeIrregular] for an entry that is gone.
func (e entry) Type() fs.FileMode {
	info, err := e.Info()
	if err != nil {
		return fs.ModeIrregular
	}
	return info.Mode().Type()
}

// Stat describes a regular file or a folder.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	return await(t, "stat", name, t.dirs.lstat)
}

func (t *Tree) full(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return path.Join(t.prefix, name), nil
}

// await calls read with the path of name relative to the folder that was opened. It returns when ctx ends, even if read
// hangs because a file system doesn't respond.
func await[T any](t *Tree, op, name string, read func(full string) (T, error)) (T, error) {
	var none T
	full, err := t.full(op, name)
	if err != nil {
		return none, err
	}
	if t.ctx.Err() != nil {
		return none, context.Cause(t.ctx)
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := read(full)
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, t.named(r.err, op, name)
	case <-t.ctx.Done():
		return none, context.Cause(t.ctx)
	}
}

// named returns err with the path as this tree's caller knows it.
func (t *Tree) named(err error, op, name string) error {
	var refused *Error
	if errors.As(err, &refused) {
		return &Error{strings.TrimPrefix(refused.Path, t.prefix+"/"), refused.Msg}
	}
	var failed *fs.PathError
	if errors.As(err, &failed) {
		if name == "." {
			name = t.prefix
		}
		return &fs.PathError{Op: op, Path: name, Err: failed.Err}
	}
	return err
}

// open opens a regular file or a folder. It checks the type before opening, because opening a FIFO or a device may
// block, and compares the file afterwards.
func (t *Tree) open(full string) (*os.File, fs.FileInfo, error) {
	d, name, err := t.dirs.parent(full)
	if err != nil {
		return nil, nil, err
	}
	var info fs.FileInfo
	f, err := retry(full, func() (*os.File, bool, error) {
		before, err := d.lstat(full, name)
		if err != nil {
			return nil, false, err
		}
		if before.Mode().IsRegular() && before.Size() > MaxSize {
			return nil, false, tooLarge(full)
		}
		f, err := t.openFile(d.root, name)
		if err != nil {
			return nil, false, err
		}
		if info, err = f.Stat(); err != nil {
			f.Close()
			return nil, false, err
		}
		return f, os.SameFile(before, info), nil
	})
	return f, info, err
}

// openFile opens a file of root without blocking if it is a FIFO.
func (t *Tree) openFile(root *os.Root, name string) (*os.File, error) {
	for {
		f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.EAGAIN) {
			return f, err
		}
		// Another process, such as Samba, has a lease on the file. The kernel has asked it to release the lease.
		select {
		case <-time.After(10 * time.Millisecond):
		case <-t.ctx.Done():
			return nil, context.Cause(t.ctx)
		}
	}
}

// retry calls open until it reports that the entry was not replaced meanwhile.
func retry[T io.Closer](full string, open func() (opened T, same bool, err error)) (T, error) {
	var none T
	const tries = 10
	for range tries {
		opened, same, err := open()
		switch {
		case err == nil && same:
			return opened, nil
		case err == nil:
			opened.Close()
		default:
			return none, err
		}
	}
	return none, &Error{full, "keeps being replaced while it is read: try again later"}
}

// read reads a file of about size bytes.
func read(f io.Reader, full string, size int64) ([]byte, error) {
	text := make([]byte, 0, size+1)
	for {
		n, err := f.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case len(text) > MaxSize:
			return nil, tooLarge(full)
		case err == io.EOF, err == nil && size > 0 && int64(len(text)) == size:
			return text, nil
		case err != nil:
			return nil, err
		case len(text) == cap(text):
			text = append(text, 0)[:len(text)]
		}
	}
}

func notFolder(full string) error { return &Error{full, "is a file, not a folder"} }

func tooLarge(full string) error {
	return &Error{full, fmt.Sprintf("is larger than %d MiB: split it, or load its data in another way", MaxSize>>20)}
}

// dirs are the open folders of a tree by path. A path is resolved from open folder to open folder, so that none of them
// can be replaced by a link meanwhile.
type dirs struct {
	mu   sync.Mutex
	open map[string]*dir
}

type dir struct {
	root *os.Root
	git  fs.FileInfo // its .git, or nil: case-insensitive file systems accept other spellings
}

func newDir(root *os.Root) *dir {
	d := &dir{root: root}
	d.git, _ = root.Lstat(".git")
	return d
}

func (ds *dirs) close() error {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	var errs []error
	for _, d := range ds.open {
		errs = append(errs, d.root.Close())
	}
	return errors.Join(errs...)
}

func (ds *dirs) get(full string) (*dir, error) {
	ds.mu.Lock()
	d := ds.open[full]
	ds.mu.Unlock()
	if d != nil {
		return d, nil
	}
	parent, name, err := ds.parent(full)
	if err != nil {
		return nil, err
	}
	root, err := retry(full, func() (*os.Root, bool, error) {
		info, err := parent.lstat(full, name)
		if err != nil {
			return nil, false, err
		}
		if !info.IsDir() {
			return nil, false, notFolder(full)
		}
		root, err := parent.root.OpenRoot(name)
		if err != nil {
			return nil, false, err
		}
		now, err := root.Stat(".")
		if err != nil {
			root.Close()
			return nil, false, err
		}
		return root, os.SameFile(info, now), nil
	})
	if err != nil {
		return nil, err
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d := ds.open[full]; d != nil { // another goroutine was faster
		root.Close()
		return d, nil
	}
	d = newDir(root)
	ds.open[full] = d
	return d, nil
}

// parent returns the folder that contains full, and full's last element in the operating system's form.
func (ds *dirs) parent(full string) (*dir, string, error) {
	name, err := filepath.Localize(path.Base(full))
	if err != nil {
		return nil, "", &fs.PathError{Op: "open", Path: full, Err: err}
	}
	d, err := ds.get(path.Dir(full))
	return d, name, err
}

func (ds *dirs) lstat(full string) (fs.FileInfo, error) {
	d, name, err := ds.parent(full)
	if err != nil {
		return nil, err
	}
	return d.lstat(full, name)
}

// lstat describes an entry, or returns an *Error if it may not be read.
func (d *dir) lstat(full, name string) (fs.FileInfo, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(name, ".git") || d.git != nil && os.SameFile(info, d.git) {
		return nil, &Error{full, "belongs to git, not to the project: name another path"}
	}
	if why := refused(info.Mode()); why != "" {
		return nil, &Error{full, why}
	}
	return info, nil
}

// refused returns why an entry of that type is not read, or "".
func refused(mode fs.FileMode) string {
	switch {
	case mode.IsRegular(), mode.IsDir():
		return ""
	case mode&fs.ModeSymlink != 0:
		return "is a symbolic link, which is not followed: replace it with the file or folder that it points to"
	case mode&fs.ModeNamedPipe != 0:
		return "is a FIFO, not a regular file: remove it"
	case mode&fs.ModeSocket != 0:
		return "is a socket, not a regular file: remove it"
	case mode&fs.ModeDevice != 0:
		return "is a device, not a regular file: remove it"
	default:
		return "is not a regular file: remove it"
	}
}
