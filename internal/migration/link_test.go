package migration_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

const isLink = ": is a symbolic link, which is not followed: replace it with the file or folder that it points to"

// TestLinks puts symbolic links everywhere in a folder. Reading and writing report all of them, and follow none.
func TestLinks(t *testing.T) {
	tests := []struct {
		name  string
		links map[string]string // path -> path in the folder outside
		want  string
	}{
		{"migration", map[string]string{"20260102000000_b.sql": "file"}, "20260102000000_b.sql" + isLink},
		{"down file", map[string]string{"down/20260101000000_a.sql": "file"}, "down/20260101000000_a.sql" + isLink},
		{"effect", map[string]string{"effect/20260101000000_a.txt": "file"}, "effect/20260101000000_a.txt" + isLink},
		{"sum", map[string]string{"atlas.sum": "file"}, "atlas.sum" + isLink},
		{"sum of down", map[string]string{"down/atlas.sum": "file"}, "down/atlas.sum" + isLink},
		{"down folder", map[string]string{"down": "folder"}, "down" + isLink},
		{"effect folder", map[string]string{"effect": "folder"}, "effect" + isLink},
		{"to nothing", map[string]string{"20260102000000_b.sql": "new", "down": "newer", "effect": "newest"},
			"20260102000000_b.sql" + isLink + "\ndown" + isLink + "\neffect" + isLink},
		{"in the folder", map[string]string{"20260102000000_b.sql": "../migrations/20260101000000_a.sql"}, "20260102000000_b.sql" + isLink},
		{"to a device", map[string]string{"20260102000000_b.sql": "/dev/zero"}, "20260102000000_b.sql" + isLink},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := t.TempDir()
			root, outside := filepath.Join(top, "migrations"), filepath.Join(top, "outside")
			before := mustRead(t, mapDir())
			if err := before.Write(t.Context(), root, []migration.Draft{draft("20260101000000", "a")}); err != nil {
				t.Fatal(err)
			}
			before = mustRead(t, os.DirFS(root))
			renaming, err := migration.Rename(os.DirFS(root), map[string]string{"20260101000000_a.sql": "20260103000000_a.sql"})
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"folder/atlas.sum", "folder/20260101000000_a.sql", "folder/20260101000000_a.txt", "file"} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(outside, path)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(outside, path), []byte("DROP TABLE secret;\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for path, target := range tt.links {
				if err := os.RemoveAll(filepath.Join(root, path)); err != nil {
					t.Fatal(err)
				}
				if !filepath.IsAbs(target) {
					target = filepath.Join(outside, target)
				}
				if err := os.Symlink(target, filepath.Join(root, path)); err != nil {
					t.Fatal(err)
				}
			}
			here, there := listing(t, root), readFiles(t, outside)

			folder, err := tree.Open(t.Context(), root)
			if err != nil {
				t.Fatal(err)
			}
			defer folder.Close()
			_, readErr := migration.Read(folder)
			dir, runErr := migration.ReadToRun(folder)
			if dir != nil { // the link is in the effect folder
				_, runErr = dir.Files()[0].Effect()
			}
			_, renameErr := migration.Rename(folder, nil)
			for who, err := range map[string]error{
				"Read": readErr, "Rename": renameErr,
				"Rehash":         migration.Rehash(t.Context(), root, map[string]string{"20260101000000_a.sql": "+ other\n"}),
				"Write":          before.Write(t.Context(), root, []migration.Draft{draft("20260104000000", "d")}),
				"Renaming.Write": renaming.Write(t.Context(), root, nil),
			} {
				if !errors.As(err, new(migration.Errors)) || err.Error() != tt.want {
					t.Errorf("%s: %v\nwant %s", who, err, tt.want)
				}
			}
			if !errors.As(runErr, new(migration.Errors)) {
				t.Errorf("ReadToRun: %v", runErr)
			}
			if diff := cmp.Diff(here, listing(t, root)); diff != "" {
				t.Errorf("the folder was changed:\n%s", diff)
			}
			if diff := cmp.Diff(there, readFiles(t, outside)); diff != "" {
				t.Errorf("the files outside were changed:\n%s", diff)
			}
		})
	}
}

// listing returns a folder's contents by path: a file's text or a link's target.
func listing(t *testing.T, root string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var text []byte
		switch {
		case e.Type()&os.ModeSymlink != 0:
			out[path], err = os.Readlink(path)
			return err
		case e.Type().IsRegular():
			text, err = os.ReadFile(path)
		}
		out[path] = e.Type().String() + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
