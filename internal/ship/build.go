package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// program is the binary's name on every platform; Windows adds .exe.
const program = "ibutsu-schema"

// A platform is an operating system and a processor, as Go names them.
type platform struct{ os, arch string }

// platforms are those of a release.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"},
}

func (p platform) String() string { return p.os + "_" + p.arch }

// binary returns the binary's file name.
func (p platform) binary() string {
	if p.os == "windows" {
		return program + ".exe"
	}
	return program
}

// A stamp says what a release is made from. All that is made depends on it, on the files, and on the version of Go.
type stamp struct {
	version string // "v1.2.3", or what git describes
	commit  string // "" if unknown
	time    time.Time
}

// versions are also file names, and words of the linker's command line.
var versions = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+-]*$`)

// stampOf returns the stamp of a clone. An empty version is what git describes. SOURCE_DATE_EPOCH overrides the
// commit's time.
func stampOf(ctx context.Context, source, version string) (stamp, error) {
	s := stamp{version: version}
	var err error
	if s.commit, err = git(ctx, source, "rev-parse", "HEAD"); err != nil {
		return s, err
	}
	if s.version == "" {
		if s.version, err = git(ctx, source, "describe", "--tags", "--always", "--dirty"); err != nil {
			return s, err
		}
	}
	if !versions.MatchString(s.version) {
		return s, fmt.Errorf("version %q: use letters, digits, dots, plus signs and hyphens", s.version)
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		if epoch, err = git(ctx, source, "log", "-1", "--format=%ct"); err != nil {
			return s, err
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return s, fmt.Errorf("SOURCE_DATE_EPOCH=%q isn't a number of seconds", epoch)
	}
	s.time = time.Unix(seconds, 0).UTC()
	return s, nil
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}

// compile builds the binary from the files in source. The result doesn't depend on the folder or on the environment.
func compile(ctx context.Context, source, out string, p platform, s stamp) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "tool", "mage", "-compile", out, "-goos", p.os, "-goarch", p.arch,
		"-ldflags", fmt.Sprintf("-s -w -X main.builtVersion=%s -X main.builtCommit=%s", s.version, s.commit))
	cmd.Dir, cmd.Stdout, cmd.Stderr = source, os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false", "GOWORK=off", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building for %s: %w", p, err)
	}
	return nil
}
