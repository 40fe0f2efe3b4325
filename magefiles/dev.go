//go:build mage

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/magefile/mage/mg"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
)

// Dev runs the local PostgreSQL.
type Dev mg.Namespace

// Up starts the local PostgreSQL, keeps it running, and prints its URL.
func (Dev) Up(ctx context.Context,
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return with(ctx, flags{carried: carried}, func(ctx context.Context, c *command) error {
		url, err := devdb.Up(ctx, c.local())
		if err != nil {
			return err
		}
		return c.out.Line(url)
	})
}

// Down stops the local PostgreSQL; its data stays.
func (Dev) Down(ctx context.Context,
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return with(ctx, flags{carried: carried}, func(ctx context.Context, c *command) error {
		stopped, err := devdb.Down(ctx, c.local())
		if err != nil {
			return err
		}
		if !stopped {
			say("other commands are still using the local PostgreSQL: the last one stops it")
		}
		return nil
	})
}

// Reset stops the local PostgreSQL and deletes its data: the next command starts with an empty database.
func (Dev) Reset(ctx context.Context,
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return withoutDir(ctx, flags{carried: carried}, func(ctx context.Context, c *command) error {
		switch deleted, err := devdb.Reset(ctx, c.local()); {
		case err != nil:
			return err
		case deleted == "":
			say("the local PostgreSQL has no data: nothing to delete")
		default:
			say("deleted %s: the next command starts with an empty database", deleted)
		}
		return nil
	})
}

// Url prints the local PostgreSQL's URL, and exits 1 if it isn't running.
func (Dev) Url(ctx context.Context,
	carried *bool, // use the project that this binary carries instead of a folder's
) error {
	return with(ctx, flags{carried: carried}, func(ctx context.Context, c *command) error {
		url, running, err := devdb.LocalURL(ctx, c.local())
		if err != nil {
			return err
		}
		if !running {
			return fmt.Errorf("the local PostgreSQL isn't running: `mage dev:up` starts it")
		}
		return c.out.Line(url)
	})
}

// Bench measures the commands and the tools that they are compared with.
func Bench(ctx context.Context,
	only *string, // regular expression of the benchmarks to run; all if not given
) error {
	pattern := value(only)
	if pattern == "" {
		pattern = "."
	}
	return run(ctx, func(ctx context.Context) error {
		pairs, schemas, err := corpus("internal/plan")
		if err != nil {
			return err
		}
		say("plan is tested with %d pairs of schemas and %d whole schemas", pairs, schemas)
		return goTool(ctx, "internal/bench", "test", "-run=^$", "-bench="+pattern, "-benchtime=5x", "-timeout=60m", "./...")
	})
}

// Release builds what a release consists of: static binaries for Linux, macOS and Windows, with checksums.
//
// Each binary has a bill of materials (CycloneDX). The container image is there, too. The same commit and version of Go
// give the same bytes, whatever the machine and the folder.
func Release(ctx context.Context,
	version *string, // of the release, by default what git describes
	out *string, // folder for the files, by default dist, which must be empty or missing
) error {
	return run(ctx, func(ctx context.Context) error {
		return ship(ctx, "release", value(version), cmp.Or(value(out), "dist"))
	})
}

// Image makes the container image with the tool and the migrations, as an OCI layout, and prints its digest.
//
// It needs no Docker. The same commit and version of Go give the same digest.
func Image(ctx context.Context,
	version *string, // of the release, by default what git describes
	out *string, // folder for the layout, by default dist/image, which must be empty or missing
) error {
	return run(ctx, func(ctx context.Context) error {
		return ship(ctx, "image", value(version), cmp.Or(value(out), filepath.Join("dist", "image")))
	})
}

// ship runs a command of internal/ship, which writes into a folder.
func ship(ctx context.Context, command, version, out string) error {
	dir, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	return goTool(ctx, "internal/ship", "run", ".", command, "-version="+version, "-out="+dir)
}

// corpus counts the pairs of an old and a new schema, and the whole schemas, with which a package is tested.
func corpus(dir string) (pairs, schemas int, err error) {
	list, err := filepath.Glob(filepath.Join(dir, "testdata", "*.txtar"))
	if err != nil {
		return 0, 0, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "schemas_test.txtar"))
	return len(list), strings.Count("\n"+string(text), "\n-- "), err
}

// goTool runs the go command in a folder of this module.
func goTool(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, mg.GoCmd(), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd.Run()
}
