// Package alembic reads and writes Alembic's revision files: it writes migrations as revision files, and finds the
// revisions that aren't migrations. It reads the files without running Python, so it knows their ids and their order,
// and nothing of what they do. It can also run a project's own Alembic on a database.
package alembic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// A Revision is a revision file.
type Revision struct {
	ID   string
	Down []string // the ids of down_revision: none for a first revision, several for a merge
	File string   // its name in the folder
	Doc  string   // the first line of the module's docstring, "" if it has none

	After   []string  // the ids of depends_on
	Created time.Time // the docstring's "Create Date", without its time zone; zero if it has none
}

// String returns the id and the file.
func (r *Revision) String() string { return r.ID + " (" + r.File + ")" }

// A Folder is a folder of revision files at one moment.
type Folder struct {
	Path      string      // as the user named it, with "versions" where the files are in that
	Revisions []*Revision // a revision comes after those that it follows; the others by date and file name

	byID map[string]*Revision
}

// Read reads the revision files of a folder: of its subfolder versions, if it has one, as the folder that Alembic's
// script_location names does.
func Read(ctx context.Context, dir string) (*Folder, error) {
	root, err := tree.Open(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s: name the one that Alembic's script_location names, or the folder of the revision files", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the revision files: %w", err)
	}
	defer root.Close()
	f := &Folder{Path: dir, byID: map[string]*Revision{}}
	sub := "."
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		return nil, fmt.Errorf("reading the revision files: %w", err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	switch {
	case has("versions"):
		sub = "versions"
	case has("env.py") || has("script.py.mako"):
		f.Path = filepath.Join(dir, "versions")
		return f, nil
	case has("alembic.ini"):
		return nil, fmt.Errorf("%s has an alembic.ini: name the folder that script_location in it names", dir)
	}
	if sub != "." {
		f.Path = filepath.Join(dir, sub)
		if entries, err = fs.ReadDir(root, sub); err != nil {
			return nil, fmt.Errorf("reading the revision files: %w", err)
		}
	}
	var errs []error
	for _, e := range entries {
		if !isRevisionFile(e.Name()) {
			continue
		}
		src, err := fs.ReadFile(root, path.Join(sub, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading the revision files: %w", err)
		}
		r, err := parse(e.Name(), string(src))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%w", filepath.Join(f.Path, e.Name()), err))
			continue
		}
		if first := f.byID[r.ID]; first != nil {
			errs = append(errs, fmt.Errorf("%s: the revision %s is also that of %s: give one of them another", filepath.Join(f.Path, e.Name()), r.ID, first.File))
			continue
		}
		f.byID[r.ID] = r
		f.Revisions = append(f.Revisions, r)
	}
	slices.SortStableFunc(f.Revisions, func(a, b *Revision) int {
		switch {
		case a.Created.IsZero() == b.Created.IsZero():
			return a.Created.Compare(b.Created)
		case a.Created.IsZero():
			return 1
		}
		return -1
	})
	if len(errs) == 0 {
		err = f.sort()
	} else {
		err = errors.Join(errs...)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// isRevisionFile reports whether Alembic takes a file for a revision.
func isRevisionFile(name string) bool {
	return strings.HasSuffix(name, ".py") && !strings.HasPrefix(name, ".#") && !strings.HasPrefix(name, "__init__")
}

// createDate matches the line that Alembic's default template writes.
var createDate = regexp.MustCompile(`(?m)^Create Date:\s*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)`)

// parse reads a revision file.
func parse(file, src string) (*Revision, error) {
	list, err := statements(src)
	if err != nil {
		return nil, err
	}
	r := &Revision{File: file}
	var hasID, hasDown bool
	for i, s := range list {
		if i == 0 && s[0].kind == text {
			r.Doc, _, _ = strings.Cut(strings.TrimSpace(s[0].text), "\n")
			r.Doc = strings.TrimSpace(r.Doc)
			if m := createDate.FindStringSubmatch(s[0].text); m != nil {
				r.Created, _ = time.Parse(time.DateTime, m[1]) // zero if it isn't one
			}
		}
		to, value := s.assigned()
		if to != "revision" && to != "down_revision" && to != "depends_on" {
			continue
		}
		ids, ok := words(value)
		switch {
		case to == "depends_on": // it may also be a branch's label, or be computed: Alembic knows
			r.After = ids
		case !ok:
			return nil, &sourceError{s[0].line, to + " isn't a string, a tuple of strings or None, so it can't be read without running Python: write it out"}
		case to == "down_revision":
			r.Down, hasDown = ids, true
		case len(ids) != 1 || ids[0] == "":
			return nil, &sourceError{s[0].line, "revision isn't a string that names a revision"}
		default:
			r.ID, hasID = ids[0], true
		}
	}
	switch {
	case !hasID:
		return nil, &sourceError{1, "the file has no revision, so Alembic can't load it: move it out of the folder, or begin its name with __init__"}
	case !hasDown:
		return nil, &sourceError{1, "the file has no down_revision: write None if it is the first revision"}
	}
	return r, nil
}

// sort orders the revisions.
func (f *Folder) sort() error {
	const visiting, done = 1, 2
	state := map[string]int{}
	var sorted []*Revision
	var visit func(r *Revision) error
	visit = func(r *Revision) error {
		switch state[r.ID] {
		case visiting:
			return fmt.Errorf("%s: the revision %s comes, by its down_revision, after itself", filepath.Join(f.Path, r.File), r.ID)
		case done:
			return nil
		}
		state[r.ID] = visiting
		for _, id := range slices.Concat(r.Down, r.After) {
			if before := f.byID[id]; before != nil {
				if err := visit(before); err != nil {
					return err
				}
			}
		}
		state[r.ID] = done
		sorted = append(sorted, r)
		return nil
	}
	for _, r := range f.Revisions {
		if err := visit(r); err != nil {
			return err
		}
	}
	f.Revisions = sorted
	return nil
}

// Heads returns the revisions that no other one follows.
func (f *Folder) Heads() []*Revision {
	followed := map[string]bool{}
	for _, r := range f.Revisions {
		for _, id := range r.Down {
			followed[id] = true
		}
	}
	var heads []*Revision
	for _, r := range f.Revisions {
		if !followed[r.ID] {
			heads = append(heads, r)
		}
	}
	return heads
}

// absent returns an error if the folder has one of the names.
func absent(folder string, root *os.Root, names []string) error {
	for _, name := range names {
		if _, err := root.Lstat(name); err == nil {
			return fmt.Errorf("%s exists: nothing is overwritten; move it away, or give its revision another id", filepath.Join(folder, name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("looking for %s: %w", name, err)
		}
	}
	return nil
}
