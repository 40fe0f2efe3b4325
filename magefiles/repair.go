//go:build mage

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// repair finds out which version the database has, as adopt does, and repairs its schema.
func (c *command) repair(ctx context.Context, m *migrator.Migrator, to string, cfg adopt.RepairConfig, file string, dryRun bool) error {
	if cfg.Yes && dryRun {
		return usage.Errorf("-dryrun and -yes can't be used together")
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading the file of -file: %w", err)
		}
		cfg.First = &adopt.First{Name: filepath.Base(file), SQL: string(text)}
	}
	found, err := adopt.Adopt(ctx, m, c.dir, adopt.Options{To: to})
	if err != nil && !errors.As(err, new(*adopt.RefusedError)) || !found.Repairable() {
		return c.out.Adopt(found, err)
	}
	cfg.Live, cfg.Version = m.Config(), found.File.Version
	cfg.Start = func(ctx context.Context, major int) (*devdb.Server, error) {
		c.env.Dev = devdb.OfMajor(c.env.Dev, major)
		return c.server(ctx, state.Names(c.dir.Files()[:found.Index+1]))
	}
	r, err := adopt.Repair(ctx, cfg)
	if r != nil {
		r.Already = found.Recorded
	}
	if dryRun {
		return c.out.RepairScript(r, err)
	}
	wrote := ""
	var decide *adopt.DecisionError
	if errors.As(err, &decide) && cfg.First == nil {
		switch werr := c.create(adopt.DecisionFile, r.DecisionText()); {
		case errors.Is(werr, fs.ErrExist):
			err = fmt.Errorf("%w\n%s exists already: edit it and name it with -file, or remove it to have it written again", err, adopt.DecisionFile)
		case werr != nil:
			err = fmt.Errorf("%w\nwriting %s: %w", err, adopt.DecisionFile, werr)
		default:
			wrote = adopt.DecisionFile
		}
	}
	return c.out.Repair(r, wrote, err)
}

// create writes a file that must not exist.
func (c *command) create(name, text string) error {
	f, err := tree.Create(c.out.Project, name, os.O_EXCL)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
