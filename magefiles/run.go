//go:build mage

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/ibutsu/ibutsu-schema/internal/report"
)

// Mage runs the words of its command line one after the other and only then
// complains of one that is no target: `mage apply add_x` would have applied.
// So the line is read before anything runs.
func init() {
	// A command that lives for a moment need not clean up while it lives: the
	// collector would begin at 4 MB, which a thousand migrations take.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if err := oneTarget(os.Args[1:]); err != nil {
		say("Error: %v", err)
		os.Exit(2)
	}
}

// oneTarget returns an error unless args are mage's own flags, at most one
// target, and that target's flags.
func oneTarget(args []string) error {
	target := ""
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case strings.Contains(arg, "##["):
			return fmt.Errorf("%s: ##[ may be no part of an option, since mage prints those that it doesn't know, and GitHub's runner would obey", arg)
		case target == "" && (arg == "-t" || arg == "--t"):
			i++ // mage's timeout stands in a word of its own
		case target != "" && strings.HasPrefix(arg, "--"):
			return fmt.Errorf("%s: options have one hyphen, and are written -name=value (`mage -h %s` lists them)", arg, target)
		case strings.HasPrefix(arg, "-"):
			// As with an unset variable in a script: to take it for "not given" would
			// apply to head, and to another database than the one that was meant.
			if name, value, ok := strings.Cut(arg, "="); ok && value == "" {
				return fmt.Errorf("%s= has no value: give it one, or leave it out (`mage -h %s` says what holds then)", name, target)
			}
		case target == "":
			target = arg
		default:
			return fmt.Errorf("unexpected word %q after %q: it takes options only, written -name=value (`mage -h %s` lists them)", arg, target, target)
		}
	}
	return nil
}

// errInterrupted is the cause of a context that a signal or the death of mage ended.
type errInterrupted struct{ sig syscall.Signal }

func (e errInterrupted) Error() string { return "stopped by " + e.sig.String() }

// run calls fn with a context that ends on SIGINT and SIGTERM, and when the
// mage command that started this process dies without passing a signal on (it
// forwards none). It turns fn's error into the exit code that the command line
// promises: mage itself handles SIGINT only, and knows no code but 1.
func run(ctx context.Context, fn func(context.Context) error) error {
	// Mage ends its context on SIGINT too, without saying why: the signal itself is waited for.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	sigs := make(chan os.Signal, 1)
	signal.Notify(sigs, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(sigs)
	go func() {
		select {
		case s := <-sigs:
			sig, _ := s.(syscall.Signal)
			cancel(errInterrupted{sig})
		case <-parentDeath(ctx):
			cancel(errInterrupted{syscall.SIGTERM})
		case <-ctx.Done():
		}
	}()

	err := fn(ctx)
	var stopped errInterrupted
	if err != nil && errors.As(context.Cause(ctx), &stopped) {
		if errors.Is(err, context.Canceled) {
			err = stopped
		}
		return fatal(128+int(stopped.sig), err)
	}
	if err == nil {
		return nil
	}
	return fatal(report.ExitCode(err), err)
}

// fatal is err for mage to print and to exit with.
func fatal(code int, err error) error {
	return mg.Fatal(code, stderr.Error(err))
}

// parentDeath is closed when this process was started by mage and mage is gone.
// A binary made by `mage -compile` may well outlive the shell that started it.
func parentDeath(ctx context.Context) <-chan struct{} {
	dead := make(chan struct{})
	exe, err := os.Executable()
	if err != nil || filepath.Dir(exe) != filepath.Clean(mg.CacheDir()) {
		return nil
	}
	parent := os.Getppid()
	go func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		close(dead)
	}()
	return dead
}
