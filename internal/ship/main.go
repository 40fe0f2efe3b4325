// Command ship makes what a release consists of: static binaries for every platform, their bills of materials, the
// container image and checksums. The same commit and the same version of Go give the same bytes, on every machine.
//
// It is in a module of its own so that what it is made with never becomes a dependency of the tool. The targets release
// and image run it, and so does the Dockerfile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
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
	var wanted []platform
	switch {
	case len(args) > 0 && args[0] == "release":
		wanted = platforms
	case len(args) > 0 && args[0] == "image":
		wanted = []platform{{"linux", "amd64"}, {"linux", "arm64"}}
	case len(args) > 0 && args[0] == "root":
		wanted = []platform{{"linux", ""}}
	default:
		return errors.New("usage: ship release|image|root -out=FOLDER")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	source := flags.String("source", filepath.Join("..", ".."), "the repository's `folder`")
	version := flags.String("version", "", "the `version`; what git describes if empty")
	out := flags.String("out", "", "the `folder` for the files, which must be empty or missing")
	arch := flags.String("arch", "amd64", "root: the `processor`")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	s, err := stampOf(ctx, *source, *version)
	if err != nil {
		return err
	}
	license, err := os.ReadFile(filepath.Join(*source, "LICENSE"))
	if err != nil {
		return err
	}
	if err := emptyDir(*out); err != nil {
		return err
	}
	if args[0] == "root" {
		wanted[0].arch = *arch
	}
	binaries, err := build(ctx, *source, s, wanted)
	if err != nil {
		return err
	}
	switch args[0] {
	case "release":
		return release(*out, s, binaries, license)
	case "image":
		digest, err := writeLayout(*out, s, binaries, license)
		if err == nil {
			fmt.Println(digest)
		}
		return err
	}
	return writeRoot(*out, rootFiles(binaries[0].data, license))
}
