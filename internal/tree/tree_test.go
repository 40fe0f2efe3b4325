package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// put writes files, keyed by path, into folder. A path that ends in / is a folder.
func put(t testing.TB, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		dir := filepath.Dir(file)
		if strings.HasSuffix(name, "/") {
			dir = file
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			continue
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t testing.TB, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, folder string) *Tree {
	t.Helper()
	tr, err := Open(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func TestFS(t *testing.T) {
	folder := t.TempDir()
	put(t, folder, map[string]string{"a": "1", "empty": "", "d/b.sql": "2", "d/e/c": strings.Repeat("x", 1<<17), "none/": ""})
	if err := fstest.TestFS(open(t, folder), "a", "empty", "d/b.sql", "d/e/c", "none"); err != nil {
		t.Error(err)
	}
	sub, err := open(t, folder).Sub("d")
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(sub, "b.sql", "e/c"); err != nil {
		t.Error(err)
	}
}

// TestErrors compares errors about paths with those of os.DirFS.
func TestErrors(t *testing.T) {
	folder := t.TempDir()
	put(t, folder, map[string]string{"d/a": ""})
	for _, name := range []string{"missing", "d/missing", "missing/a", "../x", "/a", "d/", ""} {
		_, want := fs.ReadFile(os.DirFS(folder), name)
		_, err := open(t, folder).ReadFile(name)
		if want == nil || err == nil || errors.Is(err, fs.ErrNotExist) != errors.Is(want, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) != errors.Is(want, fs.ErrInvalid) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
}

// TestRefused reads irregular files and paths through links, with every method, from the folder itself and from a
// subfolder.
func TestRefused(t *testing.T) {
	outside := t.TempDir()
	put(t, outside, map[string]string{"secret": "token", "dir/secret": "token"})
	folder := t.TempDir()
	put(t, folder, map[string]string{"p/file": "", "p/dir/file": "", "p/.git/config": "token", "p/sub/.git": "gitdir: x", "p/dir/.git/HEAD": ""})
	p := filepath.Join(folder, "p")
	link(t, filepath.Join(outside, "secret"), filepath.Join(p, "out"))
	link(t, filepath.Join(outside, "dir"), filepath.Join(p, "outdir"))
	link(t, "file", filepath.Join(p, "in"))
	link(t, "dir", filepath.Join(p, "indir"))
	link(t, "nowhere", filepath.Join(p, "dangling"))
	link(t, "/dev/zero", filepath.Join(p, "zero"))
	link(t, ".git/config", filepath.Join(p, "config"))
	large(t, filepath.Join(p, "large"), MaxSize+1)
	large(t, filepath.Join(p, "largest"), MaxSize)

	const linked = ": is a symbolic link, which is not followed: replace it with the file or folder that it points to"
	const git = ": belongs to git, not to the project: name another path"
	tests := []struct{ name, want string }{
		{"out", "out" + linked},
		{"outdir", "outdir" + linked},
		{"outdir/secret", "outdir" + linked},
		{"in", "in" + linked},
		{"indir", "indir" + linked},
		{"indir/file", "indir" + linked},
		{"dangling", "dangling" + linked},
		{"dangling/x", "dangling" + linked},
		{"zero", "zero" + linked},
		{"config", "config" + linked},
		{".git", ".git" + git},
		{".git/config", ".git" + git},
		{".GIT/config", ".GIT" + git},
		{"sub/.git", "sub/.git" + git},
		{"dir/.git/HEAD", "dir/.git" + git},
		{"file/x", "file: is a file, not a folder"},
	}
	read := map[string]func(fs.FS, string) error{
		"ReadFile": func(f fs.FS, name string) error { _, err := fs.ReadFile(f, name); return err },
		"ReadDir":  func(f fs.FS, name string) error { _, err := fs.ReadDir(f, name); return err },
		"Stat":     func(f fs.FS, name string) error { _, err := fs.Stat(f, name); return err },
		"Open":     func(f fs.FS, name string) error { _, err := f.Open(name); return err },
	}
	sub, err := open(t, folder).Sub("p")
	if err != nil {
		t.Fatal(err)
	}
	for where, f := range map[string]fs.FS{"folder": open(t, p), "sub": sub} {
		for method, call := range read {
			for _, tt := range tests {
				if tt.name == ".GIT/config" {
					// It exists only on case-insensitive file systems.
					if _, err := os.Lstat(filepath.Join(p, ".GIT")); err != nil {
						continue
					}
				}
				check(t, where+" "+method+" "+tt.name, call(f, tt.name), tt.want)
			}
		}
		check(t, where+" large", read["ReadFile"](f, "large"), "large: is larger than 64 MiB: split it, or load its data in another way")
		check(t, where+" dir", read["ReadFile"](f, "dir"), "dir: is a folder, not a file")
		check(t, where+" file", read["ReadDir"](f, "file"), "file: is a file, not a folder")
		if text, err := fs.ReadFile(f, "largest"); err != nil || len(text) != MaxSize {
			t.Errorf("%s largest: %d bytes, %v", where, len(text), err)
		}
		if text, err := fs.ReadFile(f, "dir/file"); err != nil || len(text) != 0 {
			t.Errorf("%s dir/file: %q, %v", where, text, err)
		}
	}
	// The folder itself may be reached through a link.
	through := filepath.Join(outside, "linked")
	link(t, folder, through)
	if err := read["ReadFile"](open(t, filepath.Join(through, "p")), "file"); err != nil {
		t.Error(err)
	}
	if err := read["ReadFile"](open(t, filepath.Join(p, "indir")), "file"); err != nil {
		t.Error(err)
	}
}

// check fails unless err is an *Error with that text.
func check(t *testing.T, what string, err error, want string) {
	t.Helper()
	var refused *Error
	if !errors.As(err, &refused) || err.Error() != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

// large makes a sparse file.
func large(t *testing.T, name string, size int64) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedTypes refuses entries by type, before they are opened.
func TestRefusedTypes(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		0: "", fs.ModeDir: "",
		fs.ModeSymlink:                      "is a symbolic link",
		fs.ModeNamedPipe:                    "is a FIFO",
		fs.ModeSocket:                       "is a socket",
		fs.ModeDevice:                       "is a device",
		fs.ModeDevice | fs.ModeCharDevice:   "is a device",
		fs.ModeIrregular:                    "is not a regular file",
		fs.ModeSymlink | fs.ModeIrregular:   "is a symbolic link",
		fs.ModeNamedPipe | fs.ModeTemporary: "is a FIFO",
	} {
		if got := refused(mode); (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%v: %q, want %q", mode, got, want)
		}
	}
}

// endless is a reader that never returns io.EOF.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestReadGrows reads files that are longer than their reported size.
func TestReadGrows(t *testing.T) {
	want := bytes.Repeat([]byte("x"), 1<<20)
	for _, size := range []int64{0, 1, 1<<20 - 1, 1 << 20} {
		if text, err := read(bytes.NewReader(want), "f", size); err != nil || !bytes.Equal(text, want) {
			t.Errorf("%d bytes as %d: %d, %v", len(want), size, len(text), err)
		}
	}
	_, err := read(endless{}, "f", 0)
	check(t, "endless", err, "f: is larger than 64 MiB: split it, or load its data in another way")
}

// TestReplaced swaps a file and a folder for links and back while they are read: no secret leaks.
func TestReplaced(t *testing.T) {
	outside := t.TempDir()
	put(t, outside, map[string]string{"f": "secret", "d/f": "secret"})
	folder := t.TempDir()
	put(t, folder, map[string]string{"f": "fine", "d/f": "fine", "other/f": "secret"})
	stop := make(chan struct{})
	swapping := make(chan error, 1)
	go func() {
		swapping <- func() error {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return nil
				default:
				}
				to := outside
				if i%2 == 0 {
					to = "other"
				}
				for _, name := range []string{"f", "d"} {
					at := filepath.Join(folder, name)
					target := filepath.Join(to, "f")
					if name == "d" {
						target = filepath.Dir(target)
					}
					err := errors.Join(
						os.Rename(at, at+".real"), os.Symlink(target, at), os.Remove(at), os.Rename(at+".real", at))
					if err != nil {
						return err
					}
				}
			}
		}()
	}()
	read := 0
	for until := time.Now().Add(500 * time.Millisecond); time.Now().Before(until); {
		tr, err := Open(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"f", "d/f"} {
			text, err := tr.ReadFile(name)
			if err == nil && string(text) != "fine" {
				t.Fatalf("%s: %q", name, text)
			}
			if err == nil {
				read++
			}
		}
		tr.Close()
	}
	close(stop)
	if err := <-swapping; err != nil {
		t.Fatal(err)
	}
	if read == 0 {
		t.Error("nothing was ever read")
	}
}

// TestEnds checks that reads fail with the context's cause when it ends.
func TestEnds(t *testing.T) {
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	tr, err := Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	waits, hangs := make(chan struct{}), make(chan struct{})
	defer close(hangs)
	go func() { <-waits; cancel(stopped) }()
	_, err = await(tr, "open", "f", func(string) (string, error) {
		close(waits)
		<-hangs // like a file system that doesn't respond
		return "", nil
	})
	if !errors.Is(err, stopped) {
		t.Errorf("error %v, want %v", err, stopped)
	}
	for name, err := range map[string]error{
		"ReadFile": second(tr.ReadFile("f")), "ReadDir": second(tr.ReadDir(".")), "Stat": second(tr.Stat(".")), "Open": second(tr.Open("f")),
	} {
		if !errors.Is(err, stopped) {
			t.Errorf("%s: error %v, want %v", name, err, stopped)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestCreate(t *testing.T) {
	top := t.TempDir()
	outside := t.TempDir()
	put(t, top, map[string]string{"project/migrations/": "", "old": "0123456789"})
	put(t, outside, map[string]string{"kept": "kept", "real/": ""})
	project := filepath.Join(top, "project")
	link(t, filepath.Join(outside, "kept"), filepath.Join(project, "out.md"))
	link(t, filepath.Join(outside, "new"), filepath.Join(project, "dangling.md"))
	link(t, outside, filepath.Join(project, "dir"))
	link(t, filepath.Join(outside, "kept"), filepath.Join(top, "sibling.md"))
	link(t, filepath.Join(outside, "real"), filepath.Join(outside, "linked"))
	link(t, project, filepath.Join(outside, "back"))

	written := func(project, name, want string) {
		t.Helper()
		f, err := Create(project, name, os.O_TRUNC)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if _, err := f.WriteString("new"); err != nil {
			t.Error(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if text, err := os.ReadFile(want); err != nil || string(text) != "new" {
			t.Errorf("%s: %q, %v", want, text, err)
		}
	}
	refuses := func(name, at string) {
		t.Helper()
		_, err := Create(project, name, os.O_TRUNC)
		check(t, name, err, fmt.Sprintf("%s: %s is a symbolic link inside the checkout, which is never written through: remove it, or name another file", name, at))
	}
	for _, checkout := range []bool{false, true} {
		if checkout {
			put(t, top, map[string]string{".git/": ""})
		}
		written(project, filepath.Join(project, "new.md"), filepath.Join(project, "new.md"))
		written(project, filepath.Join(project, "new.md"), filepath.Join(project, "new.md"))
		written(project, filepath.Join(outside, "linked", "x"), filepath.Join(outside, "real", "x"))
		written(project, filepath.Join(outside, "back", "y"), filepath.Join(project, "y"))
		// A project that is reached through a link is the same project.
		written(filepath.Join(outside, "back"), filepath.Join(outside, "back", "z"), filepath.Join(project, "z"))
		refuses(filepath.Join(project, "out.md"), filepath.Join(project, "out.md"))
		refuses(filepath.Join(project, "dangling.md"), filepath.Join(project, "dangling.md"))
		refuses(filepath.Join(project, "dir", "kept"), filepath.Join(project, "dir"))
		refuses(filepath.Join(outside, "back", "out.md"), filepath.Join(project, "out.md"))
		refuses(filepath.Join(outside, "back", "dir", "new"), filepath.Join(project, "dir"))
	}
	refuses(filepath.Join(top, "sibling.md"), filepath.Join(top, "sibling.md"))
	if text, err := os.ReadFile(filepath.Join(outside, "kept")); err != nil || string(text) != "kept" {
		t.Errorf("the file outside: %q, %v", text, err)
	}
	if _, err := os.Lstat(filepath.Join(outside, "new")); err == nil {
		t.Error("a file outside was created")
	}
	t.Chdir(project)
	written(project, "relative.md", filepath.Join(project, "relative.md"))
	refuses("out.md", filepath.Join(project, "out.md"))
	written(project, filepath.Join("..", "old"), filepath.Join(top, "old"))
	if _, err := Create(project, filepath.Join("no", "such"), os.O_TRUNC); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a missing folder: %v", err)
	}
}

// TestWrite writes an old file and a new one, and nothing else.
func TestWrite(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	put(t, dir, map[string]string{"old": "0123456789"})
	link(t, filepath.Join(outside, "x"), filepath.Join(dir, "link"))
	for _, name := range []string{"old", "new"} {
		if err := Write(t.Context(), dir, filepath.Join(dir, name), "text"); err != nil {
			t.Error(err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != "text" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	for _, name := range []string{"link", "none/new"} {
		if err := Write(t.Context(), dir, filepath.Join(dir, name), "text"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Error(entries, err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Error(entries, err)
	}
}

// Writable reports what is wrong with a name before anything is written.
func TestWritable(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"file": ""})
	for name, want := range map[string]string{
		"new": "", "file": "",
		"no/new":   "there is no folder " + filepath.Join(dir, "no"),
		"file/new": filepath.Join(dir, "file") + " isn't a folder",
		".":        "it is a folder: name a file in it",
	} {
		err := Writable(filepath.Join(dir, filepath.FromSlash(name)))
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
