package ibutsuschema_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	ibutsuschema "github.com/ibutsu/ibutsu-schema"
)

// The binary carries every file of the inputs.
func TestFiles(t *testing.T) {
	n := 0
	for _, input := range []string{"schema.hcl", "atlas.hcl", "migrations"} {
		err := filepath.WalkDir(input, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") {
				return err
			}
			n++
			want, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			got, err := ibutsuschema.Files.ReadFile(filepath.ToSlash(path))
			if err != nil {
				return err
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs", path)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if n < 20 {
		t.Errorf("there are only %d files", n)
	}
}

// A clone without inputs, where a project begins, compiles.
func TestWithoutInputs(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"embed.go", "magefiles/target.go", "magefiles/dev.go", "docs/hazards/README.md"} {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), src, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module example.com/project\n\ngo 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"", "migrations"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o777); err != nil {
			t.Fatal(err)
		}
		build := exec.Command("go", "build", ".")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("with %q: %v\n%s", folder, err, out)
		}
	}
}
