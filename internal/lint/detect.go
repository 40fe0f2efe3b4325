package lint

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ibutsu/ibutsu-schema/internal/gitdiff"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// A changeSet is what a change does to the migrations folder.
type changeSet struct {
	base    string            // what it is compared with, as shown
	added   []*migration.File // ascending
	merged  []*migration.File // all other files, ascending
	edited  []string          // names of merged files with new contents
	deleted []string          // names of merged files that are gone
	renamed []rename          // merged files with new names
	// checkpoints are the new ones. No database that has run a migration runs them, so their statements aren't hazards:
	// check proves that they produce the same schema as the migrations before them.
	checkpoints []*migration.File
	// upstream are the names of the base's files: those at the merge base, and those added since.
	upstream []string

	byGit         bool // whether git determined the change
	mergeBase     string
	schemaChanged bool // whether the schema file changed
}

// A rename is a merged file with a new name.
type rename struct{ from, to string }

// A DetectError reports why the changed files can't be determined.
type DetectError struct {
	Msg  string
	Hint string // an alternative to -latest, or ""
}

func (e *DetectError) Error() string {
	hint := "use -latest=N for the last N files"
	if e.Hint != "" {
		hint = e.Hint + ", or " + hint
	}
	return e.Msg + ": " + hint
}

// detectError returns the *DetectError for a *gitdiff.Error, and other errors unchanged.
func detectError(err error) error {
	var detect *gitdiff.Error
	if errors.As(err, &detect) {
		return &DetectError{Msg: detect.Msg, Hint: detect.Hint}
	}
	return err
}

func detect(ctx context.Context, cfg Config) (*changeSet, error) {
	if cfg.Latest > 0 {
		return latest(cfg.Dir, cfg.Latest), nil
	}
	return sinceBase(ctx, cfg)
}

// differs reports whether git found a change after which the migrations may not produce the schema file.
func (c *changeSet) differs() bool {
	return c.byGit && (c.schemaChanged || len(c.added)+len(c.edited)+len(c.deleted) > 0)
}

// hasText returns the name of the added file with that text, "" if there is none.
func (c *changeSet) hasText(text string) string {
	i := slices.IndexFunc(c.added, func(f *migration.File) bool { return f.SQL == text })
	if i < 0 {
		return ""
	}
	return c.added[i].Name
}

// latest returns the last n files as the change.
func latest(dir *migration.Dir, n int) *changeSet {
	files := dir.Files()
	first := max(0, len(files)-n)
	c := &changeSet{base: fmt.Sprintf("the latest %d files", n), merged: files[:first], added: files[first:]}
	if n == 1 {
		c.base = "the latest file"
	}
	for _, f := range c.merged {
		c.upstream = append(c.upstream, f.Name)
	}
	return c
}

// sinceBase returns everything that differs from the merge base as the change: commits, staged, unstaged and untracked
// files.
func sinceBase(ctx context.Context, cfg Config) (*changeSet, error) {
	d, err := gitdiff.Compare(ctx, gitdiff.Config{
		Root: cfg.Root, Project: cfg.Project, File: cfg.SchemaFile, MergedDir: cfg.MergedDir, TipDir: cfg.TipDir, Base: cfg.Base, LookupEnv: cfg.LookupEnv,
	})
	if err != nil {
		return nil, detectError(err)
	}
	c := &changeSet{base: fmt.Sprintf("%s at %.8s", d.Base, d.MergeBase), byGit: true, mergeBase: d.MergeBase, schemaChanged: d.FileChanged}
	here := make(map[string]bool)
	for _, f := range cfg.Dir.Files() {
		here[f.Name] = true
		if slices.Contains(d.Merged, f.Name) {
			c.merged = append(c.merged, f)
		} else {
			c.added = append(c.added, f)
		}
	}
	for _, ck := range cfg.Dir.Checkpoints() {
		here[ck.Name] = true
		if !slices.Contains(d.Merged, ck.Name) {
			c.checkpoints = append(c.checkpoints, ck.File)
		}
	}
	for _, name := range d.Merged {
		switch {
		case !here[name]:
			text, ok := d.Gone[name]
			if to := c.hasText(text); ok && to != "" {
				c.renamed = append(c.renamed, rename{name, to})
			} else {
				c.deleted = append(c.deleted, name)
			}
		case slices.Contains(d.Edited, name):
			c.edited = append(c.edited, name)
		}
	}
	c.upstream = slices.Concat(d.Merged, d.Upstream)
	slices.Sort(c.upstream)
	c.upstream = slices.Compact(c.upstream)
	return c, nil
}
