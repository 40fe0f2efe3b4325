// Command ship makes what a release consists of: static binaries for every platform, their bills of materials and
// checksums. The same commit and the same version of Go give the same bytes, on every machine.
//
// It is in a module of its own so that what it is made with never becomes a dependency of the tool. `mage release`
// runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("ship", flag.ExitOnError)
	source := flags.String("source", "../..", "the repository's `folder`")
	version := flags.String("version", "", "the `version`; what git describes if empty")
	out := flags.String("out", "../../dist", "the `folder` for the files, which must be empty or missing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := stampOf(ctx, *source, *version)
	if err != nil {
		return err
	}
	return release(ctx, *source, *out, s, platforms)
}
