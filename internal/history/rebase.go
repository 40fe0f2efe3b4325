package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/gitdiff"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// A Move is a migration that got a new version.
type Move struct {
	From, To string // names
	// RevisionFrom and RevisionTo are the revision ids, equal if the file sets its own.
	RevisionFrom, RevisionTo string
}

// A Mention is a line in a moved file that names the old version of a moved migration.
type Mention struct {
	File    string // relative to the migrations folder
	Line    int    // from 1
	Version string
}

// A RebaseResult is the result of Rebase.
type RebaseResult struct {
	Base  string // the branch: "origin/main"
	Moved []Move // none if the branch's migrations already follow the base's
	// Remade are the names of the branch's checkpoints that were made again, because migrations before them changed.
	Remade   []string
	Mentions []Mention
	// Findings are those of Check after the move, such as that the moved migrations no longer produce the schema
	// file's schema.
	Findings []proof.Finding
	Outside  []state.Outside
	// Sums reports that the sum files did not match and were rewritten.
	Sums bool

	own []string // the branch's own migrations, by their new names
}

// OK reports whether there are no findings.
func (r *RebaseResult) OK() bool { return len(r.Findings) == 0 }

// A BaseError is the reason why the branch's migrations cannot be moved after the base's.
type BaseError struct {
	Base string
	Msg  string
}

func (e *BaseError) Error() string { return e.Msg }

// A MoveError is a migration of the branch that fails after the base's. Nothing was moved.
type MoveError struct {
	Move Move
	Base string
	Err  *runner.StmtError // with the new name
}

func (e *MoveError) Error() string {
	return fmt.Sprintf("nothing was moved: after the migrations of %s, %s:%d:%d fails: %s\n  in: %s\ndelete %s with its down and effect file and run plan again, or if it was written by hand, correct it and run rebase again",
		e.Base, e.Move.From, e.Err.Pos.Line, e.Err.Pos.Col, e.Err.Reason(), strings.ReplaceAll(pgsql.Mask(e.Err.Stmt), "\n", "\n      "), e.Move.From)
}

func (e *MoveError) Unwrap() error { return e.Err }

// Rebase moves the branch's own migrations in the folder root after those of its base, if one of them comes before:
// they get new versions in the same order, their down and effect files move with them, effects are measured again and
// sums are written. base is a git revision, "" for the default. A migration is the branch's own if neither the merge
// base nor the base's tip has it, uncommitted files included. The sum files need not match: they are written even if
// nothing has to move.
//
// The result holds what Check finds then; the files are moved all the same, because their order is right. cfg.Dir is
// ignored.
//
// The error is a *gitdiff.Error or a *BaseError if the base cannot be found or isn't merged, a *MoveError for a moved
// migration that fails, a *runner.StmtError for one of the base's, and migration.Errors for invalid files. Nothing is
// written then.
func Rebase(ctx context.Context, cfg plan.Config, root, base string) (*RebaseResult, error) {
	d, err := gitdiff.Compare(ctx, gitdiff.Config{Root: root, Base: base})
	if err != nil {
		return nil, err
	}
	fsys, err := tree.Open(ctx, root)
	if err != nil {
		return nil, fmt.Errorf("opening the migrations folder: %w", err)
	}
	defer fsys.Close()
	here, err := migrationNames(fsys)
	if err != nil {
		return nil, err
	}
	if err := merged(d, root, here); err != nil {
		return nil, err
	}
	r := &RebaseResult{Base: d.Base}
	moves := r.moves(cfg, d, here)
	now, unread := migration.Read(fsys)
	r.Sums = unread != nil || now.Verify() != nil
	if len(moves) == 0 && !r.Sums {
		return r, nil
	}
	renaming, err := migration.Rename(fsys, moves)
	if err != nil {
		return nil, cmp.Or(unread, err) // with the current names of the files
	}
	r.revisions(renaming.Dir)
	cfg.Dir = renaming.Dir
	effects := make(map[string]string)
	if err := r.remake(ctx, &cfg, renaming, effects); err != nil {
		return nil, r.moveError(err)
	}
	checked, w, err := check(ctx, cfg.Base)
	if err != nil {
		return nil, r.moveError(err)
	}
	for name, effect := range w.Effects() {
		if slices.Contains(r.own, name) {
			effects[name] = effect
		}
	}
	r.Outside = checked.Outside
	for _, f := range checked.Findings {
		switch {
		case f.Kind == proof.FindingEffect && effects[strings.TrimSuffix(filepath.Base(f.File), ".txt")+".sql"] != "":
			continue // it has been measured again
		case f.Kind == proof.FindingPlan:
			f.Text = r.stale(cfg.SchemaName)
		}
		r.Findings = append(r.Findings, f)
	}
	r.mention(cfg.Dir)
	return r, renaming.Write(ctx, root, effects)
}

// migrationNames returns the names of the migrations in the folder, which need not be a valid directory.
func migrationNames(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations folder: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".sql") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// merged returns an error unless the folder root has the base's migrations unchanged.
func merged(d *gitdiff.Diff, root string, here []string) error {
	refuse := func(format string, args ...any) error {
		return &BaseError{Base: d.Base, Msg: fmt.Sprintf(format, args...) + ", then run rebase again"}
	}
	for _, name := range d.Upstream {
		restore := fmt.Sprintf("(git checkout %s -- %s)", fix.ShellWord(d.Base), fix.ShellWord(fromHere(root, name)))
		switch found, merged := slices.Contains(here, name), slices.Contains(d.Merged, name); {
		case found && !slices.Contains(d.EditedTip, name):
		case found: // edited, or added by both branches
			return refuse("%s is merged into %s and differs here: move what this branch adds to a file of another name, restore the file %s", name, d.Base, restore)
		case merged:
			return refuse("%s is merged into %s and was deleted or renamed here: restore it %s", name, d.Base, restore)
		default:
			return refuse("%s has %s, which is not here: merge %s first (git merge %s, or git rebase %s)", d.Base, name, d.Base, fix.ShellWord(d.Base), fix.ShellWord(d.Base))
		}
	}
	return nil
}

// fromHere returns the path of a file in the folder root relative to the working directory.
func fromHere(root, name string) string {
	path := filepath.Join(root, name)
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil {
			return rel
		}
	}
	return path
}

// moves returns the new names. The first own migration that doesn't follow the base's moves with all after it, so
// that they keep their order.
func (r *RebaseResult) moves(cfg plan.Config, d *gitdiff.Diff, here []string) map[string]string {
	last := ""
	for _, name := range d.Upstream {
		last = max(last, version(name))
	}
	var own []string
	for _, name := range here {
		if !slices.Contains(d.Upstream, name) && !slices.Contains(d.Merged, name) && migration.HasVersion(name) {
			own = append(own, name)
		}
	}
	if len(own) == 0 || version(own[0]) > last {
		r.own = own
		return nil
	}
	// Follow the own ones, too, so that no new name is an old one.
	for _, name := range own {
		last = max(last, version(name))
	}
	moves := make(map[string]string, len(own))
	for i, name := range own {
		to := migration.VersionAfter(last, cfg.Time(), i) + strings.TrimPrefix(name, version(name))
		moves[name] = to
		r.own = append(r.own, to)
		r.Moved = append(r.Moved, Move{From: name, To: to})
	}
	return moves
}

// version returns the version in a migration's name.
func version(name string) string {
	v, _, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
	return v
}

// revisions sets the revision ids of the moved files.
func (r *RebaseResult) revisions(dir *migration.Dir) {
	for i := range r.Moved {
		m := &r.Moved[i]
		for _, f := range dir.Files() {
			if f.Name != m.To {
				continue
			}
			m.RevisionFrom, m.RevisionTo = f.Revision, f.Revision
			if f.Revision == f.Version {
				m.RevisionFrom = version(m.From)
			}
		}
	}
}

// remake makes the moved checkpoints again.
func (r *RebaseResult) remake(ctx context.Context, cfg *plan.Config, renaming *migration.Renaming, effects map[string]string) error {
	texts := make(map[string]string)
	for _, c := range cfg.Dir.Checkpoints() {
		if !r.moved(c.Name) {
			continue
		}
		made, err := makeCheckpoint(ctx, *cfg, c.Name, c.Through)
		if err != nil {
			return err
		}
		texts[c.Name], effects[c.Name] = made.sql, made.effect.String()
		r.Remade = append(r.Remade, c.Name)
	}
	if len(texts) == 0 {
		return nil
	}
	err := renaming.Rewrite(texts)
	cfg.Dir = renaming.Dir
	return err
}

func (r *RebaseResult) moved(to string) bool {
	return slices.ContainsFunc(r.Moved, func(m Move) bool { return m.To == to })
}

// moveError turns the failure of a moved migration into a *MoveError.
func (r *RebaseResult) moveError(err error) error {
	var stmt *runner.StmtError
	if !errors.As(err, &stmt) {
		return err
	}
	for _, m := range r.Moved {
		if m.To == stmt.File {
			return &MoveError{Move: m, Base: r.Base, Err: stmt}
		}
	}
	return err
}

// stale returns the text of the finding that the schema file and the migrations differ.
func (r *RebaseResult) stale(schema string) string {
	n := len(r.own)
	if n == 0 {
		return schema + " and the migrations differ: run plan"
	}
	if n == 1 {
		return fmt.Sprintf("after the migrations of %s, %s no longer produces %s: delete it with its down and effect file and run plan again, or run plan for the difference", r.Base, r.own[0], schema)
	}
	return fmt.Sprintf("after the migrations of %s, %s and %s no longer produce %s: delete them with their down and effect files and run plan again, or run plan for the difference", r.Base, strings.Join(r.own[:n-1], ", "), r.own[n-1], schema)
}

// mention finds the old versions in the moved files.
func (r *RebaseResult) mention(dir *migration.Dir) {
	look := func(file, text string) {
		for n, line := range strings.Split(text, "\n") {
			for _, m := range r.Moved {
				if v := version(m.From); strings.Contains(line, v) {
					r.Mentions = append(r.Mentions, Mention{File: file, Line: n + 1, Version: v})
				}
			}
		}
	}
	for _, f := range dir.Files() {
		if !r.moved(f.Name) {
			continue
		}
		look(f.Name, f.SQL)
		if f.Down != nil {
			look(migration.DownDir+"/"+f.Name, f.Down.SQL)
		}
	}
}
