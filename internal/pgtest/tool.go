package pgtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Before is the first revision whose journals are tested: this version must finish migrating the databases that it left
// half migrated.
const Before = "e4ee408d49fb0a48f50ba3c83970191daaef2c45"

var tools struct {
	sync.Mutex
	paths map[string]string
}

// Tool returns the path of the binary of an earlier revision of this repository, compiled once into the user's cache.
func Tool(t testing.TB, revision string) string {
	t.Helper()
	tools.Lock()
	defer tools.Unlock()
	root := output(t, "", "git", "rev-parse", "--show-toplevel")
	commit := output(t, root, "git", "rev-parse", "--verify", revision+"^{commit}")
	if path := tools.paths[commit]; path != "" {
		return path
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	path := filepath.Join(cache, "ibutsu-schema-tests", commit, "mage")
	if _, err := os.Stat(path); err != nil {
		src := t.TempDir()
		output(t, root, "sh", "-c", `git archive "$0" | tar -x -C "$1"`, commit, src)
		made := filepath.Join(src, "made", "mage")
		output(t, src, "go", "tool", "mage", "-compile", made)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		output(t, "", "cp", made, path+".new")
		if err := os.Rename(path+".new", path); err != nil { // atomic, unlike cp
			t.Fatal(err)
		}
	}
	if tools.paths == nil {
		tools.paths = map[string]string{}
	}
	tools.paths[commit] = path
	return path
}

func output(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
