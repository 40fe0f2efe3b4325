//go:build mage

package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/ibutsu/ibutsu-schema/internal/cmdline"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/report"
)

// Mage runs the targets on its command line in order and only then reports a word that isn't one: `mage apply add_x`
// would apply. So the command line is checked, and translated for mage, before anything runs.
func init() {
	// A short-lived command hardly needs garbage collection, which would start at 4 MB, the size of a thousand
	// migrations.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	// A reader that exits, such as head, doesn't end a migration: writes fail instead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	targets, err := cmdline.Targets(sources)
	if err == nil {
		var args []string
		args, err = cmdline.Translate(targets, os.Args[1:])
		os.Args = append(os.Args[:1], args...)
	}
	if err != nil {
		code := report.ExitCode(err)
		if !stderr.End(os.LookupEnv, err, code) {
			say("Error: %v", err)
		}
		os.Exit(code)
	}
}

// sources are the files that declare the targets.
//
//go:embed dev.go magefile.go test.go
var sources embed.FS

// errInterrupted is the cause of a context that a signal or the end of mage cancelled.
type errInterrupted struct{ sig syscall.Signal }

func (e errInterrupted) Error() string { return "stopped by " + e.sig.String() }

// cleanUp is how long a command may take to end after a signal.
const cleanUp = 5 * time.Second

// run calls fn with a context that ends on SIGINT, on SIGTERM, and when the mage command that started this process
// dies, because mage forwards no signals. The process exits on a second signal, or if fn doesn't return in time. run
// turns fn's error into the documented exit code: mage itself only handles SIGINT, and only exits with 1.
func run(ctx context.Context, fn func(context.Context) error) error {
	// Mage's context ends without a cause, so wait for the signal itself.
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
			why = "it took longer than " + cleanUp.String() + " to stop"
		}
		say("Error: %v, immediately: %s; run the command again to continue", stopped, why)
		os.Exit(128 + int(stopped.sig))
	}()

	err := fn(ctx)
	if err == nil {
		stderr.End(os.LookupEnv, nil, report.ExitDone)
		return nil
	}
	code := exitCode(ctx, err)
	// Report an unknown outcome, but not that the context was cancelled.
	if code > 128 && errors.Is(err, context.Canceled) && !errors.As(err, new(*migrator.OutcomeError)) {
		err = context.Cause(ctx)
	}
	return fatal(code, err)
}

// exitCode returns the code to exit with after a function that run called with the context.
func exitCode(ctx context.Context, err error) int {
	var stopped errInterrupted
	if err != nil && errors.As(context.Cause(ctx), &stopped) {
		return 128 + int(stopped.sig)
	}
	return report.ExitCode(err)
}

// takeInterrupts passes SIGINT to sigs only. Mage would print a line for it, even between lines of JSON. Mage asks for
// the signal after it has started the target, and then waits in a select for the target to return.
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

// fatal returns an error that mage prints, and the code to exit with. It exits if the command's output has said as
// much, or the error was printed as JSON.
func fatal(code int, err error) error {
	if stderr.End(os.LookupEnv, err, code) || report.Shown(err) {
		os.Exit(code)
	}
	return mg.Fatal(code, stderr.Error(err))
}

// parentDeath returns a channel that is closed when mage started this process and has ended. It is nil for a binary
// made by `mage -compile`, which may outlive the shell that started it.
func parentDeath(ctx context.Context) <-chan struct{} {
	dead := make(chan struct{})
	if !underMage() {
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

// underMage reports whether mage has compiled and started this process. It hasn't started a binary that it compiled.
func underMage() bool {
	exe, err := os.Executable()
	return err == nil && filepath.Dir(exe) == filepath.Clean(mg.CacheDir())
}
