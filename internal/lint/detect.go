package lint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// A changeSet is what a change does to the migrations folder.
type changeSet struct {
	base    string            // what it is compared with, for people
	added   []*migration.File // ascending
	merged  []*migration.File // all other files of the directory, ascending
	edited  []string          // names of merged files whose text is another now
	deleted []string          // names of merged files that are gone
	// upstream are the names of files that the base has: those at the merge base, and what came there since.
	upstream []string
}

// A DetectError says why the changed files cannot be told.
type DetectError struct {
	Msg  string
	Hint string // what to do instead of -latest, or ""
}

func (e *DetectError) Error() string {
	hint := "use -latest=N to lint the last N files"
	if e.Hint != "" {
		hint = e.Hint + ", or " + hint
	}
	return e.Msg + ": " + hint
}

func detect(ctx context.Context, cfg Config) (*changeSet, error) {
	if cfg.Latest > 0 {
		return latest(cfg.Dir, cfg.Latest), nil
	}
	return sinceBase(ctx, cfg)
}

// latest takes the last n files for the change.
func latest(dir *migration.Dir, n int) *changeSet {
	files := dir.Files()
	first := max(0, len(files)-n)
	c := &changeSet{base: fmt.Sprintf("the latest %d files", n), merged: files[:first], added: files[first:]}
	if n == 1 {
		c.base = "the latest file"
	}
	for _, f := range c.merged {
		c.upstream = append(c.upstream, f.Name)
	}
	return c
}

// sinceBase takes what differs from the merge base for the change: commits, staged, unstaged and untracked files.
func sinceBase(ctx context.Context, cfg Config) (*changeSet, error) {
	if cfg.Root == "" {
		return nil, &DetectError{Msg: "the migrations are not in a folder, so git cannot tell which of them changed"}
	}
	g := git{dir: cfg.Root}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, &DetectError{Msg: "git is not installed, so the changed files cannot be told", Hint: "install git"}
	}
	shallow, err := g.output(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return nil, repositoryError(cfg.Root, err)
	}
	g.shallow = strings.TrimSpace(shallow) == "true"
	if _, ok, err := g.commit(ctx, "HEAD"); err != nil {
		return nil, err
	} else if !ok {
		return nil, &DetectError{Msg: "the git repository has no commit yet", Hint: "commit what databases have run already"}
	}
	name, tip, err := g.findBase(ctx, cfg)
	if err != nil {
		return nil, err
	}
	mergeBase, err := g.mergeBase(ctx, name, tip)
	if err != nil {
		return nil, err
	}
	c := &changeSet{base: fmt.Sprintf("%s at %.8s", name, mergeBase)}
	if err := c.compare(ctx, g, cfg.Dir, mergeBase); err != nil {
		return nil, err
	}
	if tip != mergeBase {
		names, err := g.names(ctx, "ls-tree", "-z", "--name-only", tip)
		if err != nil {
			return nil, err
		}
		c.upstream = append(c.upstream, names...)
	}
	slices.Sort(c.upstream)
	c.upstream = slices.Compact(c.upstream)
	return c, nil
}

// compare sorts the files by what happened to them since the merge base.
func (c *changeSet) compare(ctx context.Context, g git, dir *migration.Dir, mergeBase string) error {
	atBase, err := g.names(ctx, "ls-tree", "-z", "--name-only", mergeBase)
	if err != nil {
		return err
	}
	differ, err := g.fields(ctx, "diff", "--no-ext-diff", "--no-renames", "--name-only", "-z", "--relative", mergeBase, "--", ".")
	if err != nil {
		return err
	}
	here := make(map[string]bool)
	for _, f := range dir.Files() {
		here[f.Name] = true
		if slices.Contains(atBase, f.Name) {
			c.merged = append(c.merged, f)
		} else {
			c.added = append(c.added, f)
		}
	}
	for _, name := range atBase {
		switch {
		case !here[name]:
			c.deleted = append(c.deleted, name)
		case slices.Contains(differ, name):
			c.edited = append(c.edited, name)
		}
	}
	c.upstream = append(c.upstream, atBase...)
	return nil
}

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
		return "", "", g.missing(cfg.Base, fmt.Sprintf("git knows no revision %q to compare with", cfg.Base))
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
	return "", "", &DetectError{
		Msg:  "git has neither origin/HEAD nor main nor master to compare with",
		Hint: "name the branch that this change goes into by -base=REVISION or lint { git { base = ... } } in atlas.hcl",
	}
}

func (g git) missing(branch, msg string) error {
	if g.shallow {
		return &DetectError{Msg: msg + ", which is shallow", Hint: "fetch the history (fetch-depth: 0 in actions/checkout, git fetch --unshallow elsewhere)"}
	}
	return &DetectError{Msg: msg, Hint: fmt.Sprintf("fetch it (git fetch origin %s)", strings.TrimPrefix(branch, "origin/"))}
}

// commit returns the commit that a revision names, if there is one.
func (g git) commit(ctx context.Context, revision string) (string, bool, error) {
	out, err := g.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
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
		return "", &DetectError{Msg: fmt.Sprintf("this change and %s have no commit in common", name), Hint: "name another base by -base=REVISION"}
	}
}

// names runs a git command that lists paths, and returns those that are migrations.
func (g git) names(ctx context.Context, args ...string) ([]string, error) {
	paths, err := g.fields(ctx, args...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(paths, func(p string) bool {
		return strings.Contains(p, "/") || path.Ext(p) != ".sql"
	}), nil
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
		return &DetectError{Msg: fmt.Sprintf("%s is in no git repository, so the changed files cannot be told", dir)}
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(stderr), "fatal: "), "\n")
	detect := &DetectError{Msg: fmt.Sprintf("git refuses to read the repository of %s: %s", dir, first)}
	if strings.Contains(stderr, "safe.directory") {
		detect.Hint = "run git config --global --add safe.directory with that folder"
	}
	return detect
}
