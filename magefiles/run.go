//go:build mage

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/ibutsu/ibutsu-schema/internal/migrator"
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
	// A reader that goes away, as head does, ends no migration: what is written then fails.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
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

// cleanUp is how long a command may take to end after a signal.
const cleanUp = 5 * time.Second

// run calls fn with a context that ends on SIGINT and SIGTERM, and when the
// mage command that started this process dies without passing a signal on (it
// forwards none). A second signal, or one that fn takes too long to heed, ends the process.
// It turns fn's error into the exit code that the command line
// promises: mage itself handles SIGINT only, and knows no code but 1.
func run(ctx context.Context, fn func(context.Context) error) error {
	// Mage's context ends without saying why: the signal itself is waited for.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	sigs := make(chan os.Signal, 1)
	signal.Notify(sigs, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(sigs)
	go takeInterrupts(ctx, sigs)
	go func() {
		stopped := errInterrupted{syscall.SIGTERM}
		select {
		case s := <-sigs:
			stopped.sig, _ = s.(syscall.Signal)
		case <-parentDeath(ctx):
		case <-ctx.Done():
			return
		}
		cancel(stopped)
		why := "a second signal"
		select {
		case <-sigs:
		case <-time.After(cleanUp):
			why = "it took longer than " + cleanUp.String() + " to end"
		}
		say("Error: %v, at once: %s; run the command again to go on", stopped, why)
		os.Exit(128 + int(stopped.sig))
	}()

	err := fn(ctx)
	var stopped errInterrupted
	if err != nil && errors.As(context.Cause(ctx), &stopped) {
		// What a lost answer leaves open is told, what a cancelled context is called isn't.
		if errors.Is(err, context.Canceled) && !errors.As(err, new(*migrator.OutcomeError)) {
			err = stopped
		}
		return fatal(128+int(stopped.sig), err)
	}
	if err == nil {
		return nil
	}
	return fatal(report.ExitCode(err), err)
}

// takeInterrupts takes SIGINT away from mage, which prints a line when it comes, between our lines of JSON too, and gives it to
// sigs alone. Mage asks for it once it has started the target, and then waits in a select for the target's end.
func takeInterrupts(ctx context.Context, sigs chan<- os.Signal) {
	stacks := make([]byte, 1<<20)
	for !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("goroutine 1 [select")) {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
	signal.Reset(os.Interrupt)
	signal.Notify(sigs, os.Interrupt)
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
