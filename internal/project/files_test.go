package project

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestFolderFS(t *testing.T) {
	root := t.TempDir()
	for name, size := range map[string]int{"empty": 0, "small": 10, "buffer": 64 << 10, "more": 64<<10 + 1, "large": 1 << 20} {
		want := bytes.Repeat([]byte{'x'}, size)
		if err := os.WriteFile(filepath.Join(root, name), want, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := fs.ReadFile(newFolderFS(root), name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d, %v", name, len(got), size, err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"missing", "folder", "../x", "folder/missing"} {
		_, want := fs.ReadFile(os.DirFS(root), name)
		_, err := fs.ReadFile(newFolderFS(root), name)
		if err == nil || err.Error() != want.Error() || errors.Is(err, fs.ErrNotExist) != errors.Is(want, fs.ErrNotExist) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}
