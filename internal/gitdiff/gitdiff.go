// Package gitdiff asks git how the migrations folder differs from the branch that it is to be merged into.
package gitdiff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// Config says what to compare.
type Config struct {
	Root string // the migrations folder on disk
	File string // a further file on disk, or ""
	// Base is a git revision. Without one it is the pull request's base in GitHub Actions ($GITHUB_BASE_REF), or else the first
	// that exists of origin/HEAD, main, master, origin/main and origin/master.
	Base string
	// LookupEnv reads the environment, by default os.LookupEnv.
	LookupEnv func(string) (string, bool)
}

// Diff is how the folder on disk, uncommitted and untracked files included, differs from the base.
type Diff struct {
	Base      string // its name: "origin/main"
	Tip       string // its commit
	MergeBase string // the commit where HEAD left it

	// Merged and Upstream are the names of the migrations that the merge base has, and of those that the base's tip has: of the
	// regular files *.sql, for a link was never read as one.
	Merged, Upstream []string
	// Edited are the names of those of Merged whose text is another now or that are gone, EditedTip of those of Upstream.
	Edited, EditedTip []string
	// Gone are the texts of those of Merged that are not there any more, by name, unless they are larger than tree.MaxSize.
	Gone map[string]string
	// FileChanged says that Config.File is not as it was at the merge base.
	FileChanged bool
}

// An Error says why git cannot tell.
type Error struct {
	Msg  string
	Hint string // what to do, or ""
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Msg
	}
	return e.Msg + ": " + e.Hint
}

// Compare compares the folder with the base. The error is an *Error if git has no base, or no git is there to be asked.
func Compare(ctx context.Context, cfg Config) (*Diff, error) {
	if cfg.Root == "" {
		return nil, &Error{Msg: "the migrations are not in a folder, so git cannot tell which of them changed"}
	}
	switch info, err := os.Stat(cfg.Root); {
	case err == nil && !info.IsDir():
		return nil, &Error{Msg: fmt.Sprintf("%s is a file, not a folder", cfg.Root)}
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Msg: fmt.Sprintf("there is no folder %s, so the changed files cannot be told", cfg.Root), Hint: "restore it, or write the first migration by plan"}
	}
	g := git{dir: cfg.Root}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, &Error{Msg: "git is not installed, so the changed files cannot be told", Hint: "install git"}
	}
	shallow, err := g.output(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return nil, repositoryError(cfg.Root, err)
	}
	g.shallow = strings.TrimSpace(shallow) == "true"
	if _, ok, err := g.commit(ctx, "HEAD"); err != nil {
		return nil, err
	} else if !ok {
		if head, found, err := g.object(ctx, "HEAD"); err != nil || found {
			return nil, cmp.Or(err, error(&Error{Msg: fmt.Sprintf("git cannot read the commit %.8s that HEAD names", head), Hint: "see git fsck"}))
		}
		return nil, &Error{Msg: "the git repository has no commit yet", Hint: "commit what databases have run already"}
	}
	d := &Diff{}
	if d.Base, d.Tip, err = g.findBase(ctx, cfg); err != nil {
		return nil, err
	}
	if d.MergeBase, err = g.mergeBase(ctx, d.Base, d.Tip); err != nil {
		return nil, err
	}
	if d.Merged, d.Edited, err = g.compare(ctx, d.MergeBase); err != nil {
		return nil, err
	}
	d.Upstream, d.EditedTip = d.Merged, d.Edited
	if d.Tip != d.MergeBase {
		if d.Upstream, d.EditedTip, err = g.compare(ctx, d.Tip); err != nil {
			return nil, err
		}
	}
	if err := g.gone(ctx, d); err != nil {
		return nil, err
	}
	if cfg.File != "" {
		d.FileChanged, err = g.changed(ctx, d.MergeBase, cfg.File)
	}
	return d, err
}

// gone reads the texts of the merged files that are gone.
func (g git) gone(ctx context.Context, d *Diff) error {
	for _, name := range d.Edited {
		if _, err := os.Lstat(filepath.Join(g.dir, name)); err == nil {
			continue
		}
		object := d.MergeBase + ":./" + name
		size, err := g.output(ctx, "cat-file", "-s", object)
		if err != nil {
			return err
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64); err != nil || n > tree.MaxSize {
			continue
		}
		text, err := g.output(ctx, "show", "--no-textconv", object)
		if err != nil {
			return err
		}
		if d.Gone == nil {
			d.Gone = make(map[string]string)
		}
		d.Gone[name] = text
	}
	return nil
}

// changed reports whether a file is not as it is in a commit.
func (g git) changed(ctx context.Context, commit, file string) (bool, error) {
	root, err := filepath.Abs(g.dir)
	if err != nil {
		return false, fmt.Errorf("finding the migrations folder: %w", err)
	}
	rel, err := filepath.Rel(root, file)
	if err != nil {
		return false, fmt.Errorf("finding %s from the migrations folder: %w", file, err)
	}
	rel = "./" + filepath.ToSlash(rel)
	diff, err := g.fields(ctx, "diff", "--no-ext-diff", "--name-only", "-z", commit, "--", rel)
	if err != nil || len(diff) > 0 {
		return len(diff) > 0, err
	}
	// Of a file that the commit does not have, and that is not added yet, diff says nothing.
	_, had, err := g.object(ctx, commit+":"+rel)
	if err != nil || had {
		return false, err
	}
	_, err = os.Lstat(file)
	return err == nil, nil
}

// compare returns the migrations of a commit, and those of them that are not so on disk.
func (g git) compare(ctx context.Context, commit string) (names, edited []string, err error) {
	if names, err = g.migrations(ctx, commit); err != nil {
		return nil, nil, err
	}
	differ, err := g.fields(ctx, "diff", "--no-ext-diff", "--no-renames", "--diff-filter=a", "--name-only", "-z", "--relative", commit, "--", ".")
	if err != nil {
		return nil, nil, err
	}
	// The names are sorted, as git lists them.
	return names, slices.DeleteFunc(differ, func(p string) bool {
		_, found := slices.BinarySearch(names, p)
		return !found
	}), nil
}

// migrations returns the names of a commit's migrations.
func (g git) migrations(ctx context.Context, commit string) ([]string, error) {
	entries, err := g.fields(ctx, "ls-tree", "-z", commit)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		// "100644 blob 3b18e512dba79e4c8300dd08aeb37f8e728b8dad\tNAME"
		about, name, _ := strings.Cut(e, "\t")
		if strings.HasPrefix(about, regularFile) && path.Ext(name) == ".sql" {
			names = append(names, name)
		}
	}
	slices.Sort(names) // a folder sorts as if its name ended in /
	return names, nil
}

// regularFile begins the modes that git gives regular files. A link has 120000, and what it leads to for its text.
const regularFile = "100"

// git runs git in the migrations folder.
type git struct {
	dir     string
	shallow bool
}

// findBase returns the name and the commit of what the change is to be merged into.
func (g git) findBase(ctx context.Context, cfg Config) (name, commit string, err error) {
	if cfg.Base != "" {
		// A branch that was never checked out here is only there as the remote's.
		for _, name := range []string{cfg.Base, "origin/" + cfg.Base} {
			if commit, ok, err := g.commit(ctx, name); err != nil || ok {
				return name, commit, err
			}
		}
		return "", "", g.missing(cfg.Base, fmt.Sprintf("the base %q is not in this clone", cfg.Base))
	}
	lookup := cfg.LookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	if branch, ok := lookup("GITHUB_BASE_REF"); ok && branch != "" {
		name := "origin/" + branch
		commit, ok, err := g.commit(ctx, name)
		if err == nil && !ok {
			err = g.missing(branch, fmt.Sprintf("the pull request's base %s is not in this clone", name))
		}
		return name, commit, err
	}
	for _, name := range []string{"origin/HEAD", "main", "master", "origin/main", "origin/master"} {
		commit, ok, err := g.commit(ctx, name)
		if err != nil || ok {
			return name, commit, err
		}
	}
	if g.shallow {
		return "", "", g.missing("main", "neither origin/HEAD nor main nor master is in this clone")
	}
	return "", "", &Error{
		Msg:  "git has neither origin/HEAD nor main nor master to compare with",
		Hint: "name the branch that this change goes into by -base=REVISION or lint { git { base = ... } } in atlas.hcl",
	}
}

func (g git) missing(branch, msg string) error {
	if g.shallow {
		return &Error{Msg: msg + ", which is shallow", Hint: "fetch the history (fetch-depth: 0 in actions/checkout, git fetch --unshallow elsewhere)"}
	}
	return &Error{Msg: msg, Hint: fmt.Sprintf("fetch it (git fetch origin %s)", strings.TrimPrefix(branch, "origin/"))}
}

// commit returns the commit that a revision names, if there is one.
func (g git) commit(ctx context.Context, revision string) (string, bool, error) {
	return g.object(ctx, revision+"^{commit}")
}

// object returns the object that a name means, if there is one.
func (g git) object(ctx context.Context, name string) (string, bool, error) {
	out, err := g.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return strings.TrimSpace(out), true, nil
	case errors.As(err, &exit) && ctx.Err() == nil:
		return "", false, nil
	default:
		return "", false, err
	}
}

func (g git) mergeBase(ctx context.Context, name, tip string) (string, error) {
	out, err := g.output(ctx, "merge-base", tip, "HEAD")
	var exit *exec.ExitError
	switch {
	case err == nil:
		return strings.TrimSpace(out), nil
	case !errors.As(err, &exit) || ctx.Err() != nil:
		return "", err
	case g.shallow:
		return "", g.missing(name, fmt.Sprintf("where this change left %s is not in this clone", name))
	default:
		return "", &Error{Msg: fmt.Sprintf("this change and %s have no commit in common", name), Hint: "name another base by -base=REVISION"}
	}
}

// fields runs a git command and cuts what it prints at NUL characters.
func (g git) fields(ctx context.Context, args ...string) ([]string, error) {
	out, err := g.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(out, func(r rune) bool { return r == 0 }), nil
}

func (g git) output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", g.dir}, args...)...)
	// No waiting for another git, and messages as they are known.
	cmd.Env = append(environ(cmd.Environ()), "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			return "", fmt.Errorf("running git %s: %w: %s", args[0], err, strings.TrimSpace(string(exit.Stderr)))
		}
		return "", fmt.Errorf("running git %s: %w", args[0], err)
	}
	return string(out), nil
}

// environ is the environment without what git sets for its hooks in a worktree: GIT_DIR without GIT_WORK_TREE makes it take the
// current folder for the top of the tree.
func environ(env []string) []string {
	set := func(name string) bool {
		return slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	}
	if !set("GIT_DIR") || set("GIT_WORK_TREE") {
		return env
	}
	return slices.DeleteFunc(env, func(v string) bool {
		return strings.HasPrefix(v, "GIT_DIR=") || strings.HasPrefix(v, "GIT_INDEX_FILE=")
	})
}

// repositoryError says why git finds no repository.
func repositoryError(dir string, err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	stderr := string(exit.Stderr)
	if strings.Contains(stderr, "not a git repository") {
		return &Error{Msg: fmt.Sprintf("%s is in no git repository, so the changed files cannot be told", dir)}
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(stderr), "fatal: "), "\n")
	detect := &Error{Msg: fmt.Sprintf("git refuses to read the repository of %s: %s", dir, first)}
	if strings.Contains(stderr, "safe.directory") {
		detect.Hint = "run git config --global --add safe.directory with that folder"
	}
	return detect
}
