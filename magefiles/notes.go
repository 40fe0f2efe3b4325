//go:build mage

package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/report"
)

// notes returns a function that returns lint's comments on the statements of the pending files. It lints them on the
// first call. If that fails, there are no comments, and a line says why.
func (c *command) notes(ctx context.Context) func(file string, stmt int) []string {
	var once sync.Once
	var r *lint.Report
	return func(file string, stmt int) []string {
		files := c.dir.Files()
		i := slices.IndexFunc(files, func(f *migration.File) bool { return f.Name == file })
		if i < 0 {
			return nil // a down file, or a checkpoint, which runs on an empty database
		}
		once.Do(func() {
			var err error
			if r, err = c.lintFrom(ctx, i); err != nil {
				why, _, _ := strings.Cut(err.Error(), "\n")
				say("the script has no comments from lint: %s", why)
			}
		})
		if r == nil {
			return nil
		}
		at := slices.IndexFunc(r.Files, func(f lint.FileReport) bool { return f.Name == file })
		if at < 0 {
			return nil
		}
		return report.Notes(r.Files[at], files[i].Stmts[stmt].Pos.Offset, stmt == 0)
	}
}

// lintFrom lints the file at the index and those after it.
func (c *command) lintFrom(ctx context.Context, i int) (*lint.Report, error) {
	cfg, err := c.linter(&lint.Settings{Env: c.env, Latest: len(c.dir.Files()) - i})
	if err != nil {
		return nil, err
	}
	return lint.Run(ctx, cfg)
}
