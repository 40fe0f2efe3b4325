// Package gitdiff determines with git how the migrations folder differs from the branch that it will be merged into.
package gitdiff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// Config is what to compare.
type Config struct {
	Root    string // the migrations folder on disk
	Project string // a folder that must be in the same repository, or ""
	File    string // another file on disk, or ""
	// MergedDir and TipDir are the folder's slash-separated paths, relative to Root, at the merge base and at the
	// base's tip, if it has moved since: "../migrations". By default they are ".".
	MergedDir, TipDir string
	// Base is a git revision. By default it is the pull request's base in GitHub Actions ($GITHUB_BASE_REF), or else
	// the first of the branches origin/HEAD, main, master, origin/main and origin/master that exists. A name means a
	// branch rather than a tag.
	Base string
	// LookupEnv reads the environment, by default os.LookupEnv.
	LookupEnv func(string) (string, bool)
}

// Diff is how the folder on disk, including uncommitted and untracked files, differs from the base.
type Diff struct {
	Base      string // the base's name: "origin/main"
	Tip       string // its commit
	MergeBase string // its merge base with HEAD

	// Merged and Upstream are the names of the migrations in the merge base and in the base's tip: regular *.sql files,
	// because symbolic links are never read as migrations.
	Merged, Upstream []string
	// Edited are the names in Merged whose files have changed or are gone, EditedTip those in Upstream.
	Edited, EditedTip []string
	// Gone are the contents of the files in Merged that are gone, by name, unless they are larger than tree.MaxSize.
	Gone map[string]string
	// FileChanged is whether Config.File differs from the merge base.
	FileChanged bool
}

// An Error is why git can't determine the differences.
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

// A Base is the revision that a change will be merged into.
type Base struct {
	Name      string // "origin/main"
	Tip       string // its commit
	MergeBase string // its merge base with HEAD
	git       git
}

// FindBase finds the base. Config.Root may be any folder of the repository. The error is an *Error if there is no base,
// or no git.
func FindBase(ctx context.Context, cfg Config) (*Base, error) {
	g := git{dir: cfg.Root}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, &Error{Msg: "git isn't installed, so the changed files can't be determined", Hint: "install git"}
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
			return nil, cmp.Or(err, error(&Error{Msg: fmt.Sprintf("git can't read commit %.8s, which HEAD names", head), Hint: "run git fsck"}))
		}
		return nil, &Error{Msg: "the git repository has no commits yet", Hint: "commit the migrations that databases have run"}
	}
	b := &Base{git: g}
	if b.Name, b.Tip, err = g.findBase(ctx, cfg); err != nil {
		return nil, err
	}
	b.MergeBase, err = g.mergeBase(ctx, b.Name, b.Tip)
	return b, err
}

// ReadFile returns the contents of a regular file in a commit. The name is slash-separated and relative to Config.Root.
// If the commit has no such file, the error is fs.ErrNotExist.
func (b *Base) ReadFile(ctx context.Context, commit, name string) ([]byte, error) {
	entries, err := b.git.fields(ctx, "ls-tree", "-z", commit, "--", name)
	if err != nil {
		return nil, err
	}
	if len(entries) != 1 || !strings.HasPrefix(entries[0], regularFile) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	text, ok, err := b.git.show(ctx, commit+":./"+name)
	if err == nil && !ok {
		err = &Error{Msg: fmt.Sprintf("%s in commit %.8s is larger than %d MiB", name, commit, tree.MaxSize>>20)}
	}
	return []byte(text), err
}

// Above returns the path, relative to the repository, of the nearest file of that name in a commit that is in a folder
// above Config.Root; "" if there is none.
func (b *Base) Above(ctx context.Context, commit, name string) (string, error) {
	prefix, err := b.git.output(ctx, "rev-parse", "--show-prefix")
	if err != nil {
		return "", err
	}
	for dir := strings.Trim(prefix, "/\n"); dir != "" && dir != "."; {
		dir = path.Dir(dir)
		at := path.Join(dir, name)
		if _, ok, err := b.git.object(ctx, commit+":"+at); err != nil || ok {
			return at, err
		}
	}
	return "", nil
}

// Compare compares the folder with the base. The error is an *Error if there is no base, or no git.
func Compare(ctx context.Context, cfg Config) (*Diff, error) {
	if cfg.Root == "" {
		return nil, &Error{Msg: "the migrations aren't in a folder, so git can't determine which of them changed"}
	}
	switch info, err := os.Stat(cfg.Root); {
	case err == nil && !info.IsDir():
		return nil, &Error{Msg: fmt.Sprintf("%s is a file, not a folder", cfg.Root)}
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Msg: fmt.Sprintf("folder %s doesn't exist, so the changed files can't be determined", cfg.Root), Hint: "restore it, or write the first migration with plan"}
	}
	b, err := FindBase(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := b.git.inside(ctx, cfg.Project); err != nil {
		return nil, err
	}
	g := b.git
	d := &Diff{Base: b.Name, Tip: b.Tip, MergeBase: b.MergeBase}
	merged := at(d.MergeBase, cfg.MergedDir)
	if d.Merged, d.Edited, err = g.compare(ctx, merged); err != nil {
		return nil, err
	}
	d.Upstream, d.EditedTip = d.Merged, d.Edited
	if tip := at(d.Tip, cfg.TipDir); tip != merged {
		if d.Upstream, d.EditedTip, err = g.compare(ctx, tip); err != nil {
			return nil, err
		}
	}
	if err := g.gone(ctx, d, merged); err != nil {
		return nil, err
	}
	if cfg.File != "" {
		d.FileChanged, err = g.changed(ctx, d.MergeBase, cfg.File)
	}
	return d, err
}

// Editing returns the files outside the migrations folder and Config.File in which lines that contain a word were added
// or removed since a commit, by their paths relative to the top of the repository. It ignores untracked files.
func Editing(ctx context.Context, cfg Config, commit, word string) ([]string, error) {
	const other = `[^[:alnum:]_]`
	g := git{dir: cfg.Root}
	args := []string{"diff", "--no-ext-diff", "--no-textconv", "--name-only", "-z", "-G(^|" + other + ")" + regexp.QuoteMeta(word) + "(" + other + "|$)",
		commit, "--", ":/", ":(exclude,literal).", ":(exclude,literal)" + cmp.Or(cfg.MergedDir, ".")}
	if cfg.File != "" {
		root, err := filepath.Abs(cfg.Root)
		if err != nil {
			return nil, fmt.Errorf("finding the migrations folder: %w", err)
		}
		rel, err := filepath.Rel(root, cfg.File)
		if err != nil {
			return nil, fmt.Errorf("finding %s from the migrations folder: %w", cfg.File, err)
		}
		args = append(args, ":(exclude,literal)"+filepath.ToSlash(rel))
	}
	return g.fields(ctx, args...)
}

// inside returns an error if the folder is in another repository than project, as a submodule is: the commits of that
// repository aren't those that a change of the project is merged into.
func (g git) inside(ctx context.Context, project string) error {
	if project == "" {
		return nil
	}
	const top = "--show-toplevel"
	here, err := g.output(ctx, "rev-parse", top)
	if err != nil {
		return err
	}
	there, err := git{dir: project}.output(ctx, "rev-parse", top)
	if errors.As(err, new(*exec.ExitError)) {
		there, err = "", nil // in no repository
	}
	if err == nil && here != there {
		err = &Error{Msg: fmt.Sprintf("%s is in another git repository than the project, so the changed files can't be determined", g.dir),
			Hint: "keep the migrations in the project's repository"}
	}
	return err
}

// A folder is a migrations folder in a commit.
type folder struct{ commit, path string }

func at(commit, dir string) folder { return folder{commit, path.Clean(dir)} }

// object returns the name of a file in the folder.
func (f folder) object(name string) string { return f.commit + ":./" + f.path + "/" + name }

// gone reads the contents of the merged files that are gone.
func (g git) gone(ctx context.Context, d *Diff, merged folder) error {
	for _, name := range d.Edited {
		if _, err := os.Lstat(filepath.Join(g.dir, name)); err == nil {
			continue
		}
		text, ok, err := g.show(ctx, merged.object(name))
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if d.Gone == nil {
			d.Gone = make(map[string]string)
		}
		d.Gone[name] = text
	}
	return nil
}

// show returns the contents of a file in a commit. ok is false if it is larger than tree.MaxSize.
func (g git) show(ctx context.Context, object string) (text string, ok bool, err error) {
	size, err := g.output(ctx, "cat-file", "-s", object)
	if err != nil {
		return "", false, err
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64); err != nil || n > tree.MaxSize {
		return "", false, nil
	}
	text, err = g.output(ctx, "show", "--no-textconv", object)
	return text, err == nil, err
}

// changed reports whether a file differs from a commit.
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
	// diff ignores untracked files.
	_, had, err := g.object(ctx, commit+":"+rel)
	if err != nil || had {
		return false, err
	}
	_, err = os.Lstat(file)
	return err == nil, nil
}

// compare returns the names of a folder's migrations, and of those that differ on disk.
func (g git) compare(ctx context.Context, f folder) (names, edited []string, err error) {
	blobs, err := g.migrations(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	names = slices.Sorted(maps.Keys(blobs))
	if f.path != "." {
		edited, err = g.compareMoved(ctx, names, blobs)
		return names, edited, err
	}
	differ, err := g.fields(ctx, "diff", "--no-ext-diff", "--no-renames", "--diff-filter=a", "--name-only", "-z", "--relative", f.commit, "--", ".")
	if err != nil {
		return nil, nil, err
	}
	return names, slices.DeleteFunc(differ, func(p string) bool { _, found := blobs[p]; return !found }), nil
}

// compareMoved returns those of the names whose files on disk don't have the contents of the blobs.
func (g git) compareMoved(ctx context.Context, names []string, blobs map[string]string) ([]string, error) {
	here := make(map[string]string)
	var found []string
	for _, name := range names {
		if info, err := os.Lstat(filepath.Join(g.dir, name)); err == nil && info.Mode().IsRegular() {
			found = append(found, name)
		}
	}
	const most = 500 // on a command line
	for part := range slices.Chunk(found, most) {
		out, err := g.output(ctx, append([]string{"hash-object", "--"}, part...)...)
		if err != nil {
			return nil, err
		}
		for i, hash := range strings.Fields(out) {
			here[part[i]] = hash
		}
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return here[name] == blobs[name] }), nil
}

// migrations returns the hashes of a folder's migrations, by name.
func (g git) migrations(ctx context.Context, f folder) (map[string]string, error) {
	hash, ok, err := g.object(ctx, f.object(""))
	if err != nil || !ok {
		return nil, err
	}
	tree, ok, err := g.object(ctx, hash+"^{tree}")
	if err != nil || !ok {
		return nil, err // a submodule
	}
	entries, err := g.fields(ctx, "ls-tree", "-z", "--full-tree", tree)
	if err != nil {
		return nil, err
	}
	blobs := make(map[string]string)
	for _, e := range entries {
		// "100644 blob 3b18e512dba79e4c8300dd08aeb37f8e728b8dad\tNAME"
		about, name, _ := strings.Cut(e, "\t")
		if strings.HasPrefix(about, regularFile) && path.Ext(name) == ".sql" {
			blobs[name] = about[strings.LastIndexByte(about, ' ')+1:]
		}
	}
	return blobs, nil
}

// regularFile is the prefix of the modes of regular files. A symbolic link has mode 120000.
const regularFile = "100"

// git runs git in a folder.
type git struct {
	dir     string
	shallow bool
}

// A revision has the name that is shown, and the full one for git, which prefers a tag to a branch of the same name.
type revision struct{ name, full string }

func local(branch string) revision  { return revision{branch, "refs/heads/" + branch} }
func remote(branch string) revision { return revision{branch, "refs/remotes/" + branch} }

// headOrHash matches the revisions that git doesn't look up among branches and tags.
var headOrHash = regexp.MustCompile(`^(HEAD|[0-9a-f]{40}|[0-9a-f]{64})([~^@:].*)?$`)

// named returns what a name may refer to, best first. A branch that was never checked out exists only on the remote.
func named(name string) []revision {
	as := revision{name, name}
	if headOrHash.MatchString(name) {
		return []revision{as}
	}
	return []revision{remote(name), local(name), remote("origin/" + name), as}
}

// findBase returns the name and commit of the base.
func (g git) findBase(ctx context.Context, cfg Config) (name, commit string, err error) {
	if cfg.Base != "" {
		for _, r := range named(cfg.Base) {
			if commit, ok, err := g.commit(ctx, r.full); err != nil || ok {
				return r.name, commit, err
			}
		}
		return "", "", g.missing(cfg.Base, fmt.Sprintf("base %q isn't in this clone", cfg.Base))
	}
	if branch := PullRequestBase(cfg.LookupEnv); branch != "" {
		r := remote("origin/" + branch)
		commit, ok, err := g.commit(ctx, r.full)
		if err == nil && !ok {
			err = g.missing(branch, fmt.Sprintf("the pull request's base %s isn't in this clone", r.name))
		}
		return r.name, commit, err
	}
	for _, r := range []revision{remote("origin/HEAD"), local("main"), local("master"), remote("origin/main"), remote("origin/master")} {
		commit, ok, err := g.commit(ctx, r.full)
		if err != nil || ok {
			return r.name, commit, err
		}
	}
	if g.shallow {
		return "", "", g.missing("main", "neither origin/HEAD nor main nor master is in this clone")
	}
	return "", "", &Error{
		Msg:  "git has neither origin/HEAD nor main nor master to compare with",
		Hint: "name the branch that this change will be merged into with -base=REVISION, or with lint.git.base in atlas.hcl",
	}
}

// PullRequestBase returns the branch that GitHub Actions names as the pull request's base, or "". lookup reads the
// environment, by default os.LookupEnv.
func PullRequestBase(lookup func(string) (string, bool)) string {
	if lookup == nil {
		lookup = os.LookupEnv
	}
	branch, _ := lookup("GITHUB_BASE_REF")
	return branch
}

func (g git) missing(branch, msg string) error {
	if g.shallow {
		return &Error{Msg: msg + ", which is shallow", Hint: "fetch the history (fetch-depth: 0 in actions/checkout, git fetch --unshallow elsewhere)"}
	}
	return &Error{Msg: msg, Hint: fmt.Sprintf("fetch it (git fetch origin %s)", strings.TrimPrefix(branch, "origin/"))}
}

// commit returns the commit that a revision names, if any.
func (g git) commit(ctx context.Context, revision string) (string, bool, error) {
	return g.object(ctx, revision+"^{commit}")
}

// object returns the object that a name refers to, if any.
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
		return "", g.missing(name, fmt.Sprintf("the merge base with %s isn't in this clone", name))
	default:
		return "", &Error{Msg: fmt.Sprintf("this change and %s have no common ancestor", name), Hint: "name another base with -base=REVISION"}
	}
}

// fields runs a git command and splits its output at NUL characters.
func (g git) fields(ctx context.Context, args ...string) ([]string, error) {
	out, err := g.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(out, func(r rune) bool { return r == 0 }), nil
}

func (g git) output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", g.dir}, args...)...)
	// Don't wait for another git, and don't translate messages.
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

// environ returns the environment without the variables that git sets for hooks in a worktree: with GIT_DIR but without
// GIT_WORK_TREE, git takes the current folder for the top of the tree.
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

// repositoryError returns why git finds no repository.
func repositoryError(dir string, err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	stderr := string(exit.Stderr)
	if strings.Contains(stderr, "not a git repository") {
		return &Error{Msg: fmt.Sprintf("%s isn't in a git repository, so the changed files can't be determined", dir)}
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(stderr), "fatal: "), "\n")
	detect := &Error{Msg: fmt.Sprintf("git refuses to read the repository of %s: %s", dir, first)}
	if strings.Contains(stderr, "safe.directory") {
		detect.Hint = "run git config --global --add safe.directory with that folder"
	}
	return detect
}
